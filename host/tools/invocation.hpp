#pragma once

#include "base/files.hpp"
#include "base/json.hpp"
#include "model/artifact.hpp"
#include "tools/bell.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <opsroom/plugin.h>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace opsroom::tools {

/// How one entry into a plugin ended.
struct Left {};  ///< it was cancelled: whatever it said does not count
struct Said {
  Json result;            ///< MCP CallToolResult
  std::size_t bytes = 0;  ///< of it, as text
  bool broken = false;    ///< it says that it cannot be used any more
};
struct Asked {
  Json requests;  ///< MCP inputRequests
  std::string state;
};
struct Refused {  ///< it does not know its own tool
  std::string why;
};
struct Misbehaved {
  std::string how;
};
using Outcome = std::variant<Left, Said, Asked, Refused, Misbehaved>;

/// What a plugin said while it worked: a log text, or progress.
struct Utterance {
  std::string stream;  ///< empty: progress
  std::string text;
  double done = 0;
  std::optional<double> total;
};

/// One entry into a plugin of this process: lends it the opsroom_call, keeps what the plugin hands
/// in until the io thread takes it, and judges the end as the runner does for one in a process of
/// its own. Its functions may be called from any thread, and after the end too: then they do
/// nothing but name the plugin. To be kept for a while after the end, since such a plugin has its
/// address.
class Invocation {
 public:
  struct Given {
    std::string tool;  ///< without its source
    std::string arguments;
    std::string context;
    std::string workdir;
    std::map<std::string, std::string> secrets;  ///< by name
    std::string_view capabilities;               ///< what the host can do: JSON of MCP; for ever
    int log_from = 0;                            ///< the least of OPSROOM_DEBUG … that is wanted
    bool structured = false;                     ///< the tool promises structuredContent
    std::size_t most_bytes = 0;                  ///< of the result, and of all artifacts
  };

  /// While so much that was logged has not been taken, the plugin's thread waits.
  static constexpr std::size_t most_waiting = 1u << 20;

  /// `bell` is rung when there is something new: an utterance, the end, or a misbehaviour after it.
  /// Throws Failure.
  Invocation(Given given, std::shared_ptr<Bell> bell);
  Invocation(const Invocation&) = delete;
  Invocation& operator=(const Invocation&) = delete;

  /// Enters the plugin and returns with it; on the thread that is lent.
  void enter(const opsroom_plugin& plugin, void* instance);

  const std::string& tool() const { return given_.tool; }

  // Of the io thread
  void cancel();
  std::vector<Utterance> take();
  /// Once, when it has ended and everything was taken.
  std::optional<Outcome> outcome();
  std::vector<ArtifactDraft> take_artifacts();
  /// How it misbehaved, at any time; empty so far.
  std::string misbehaviour();

 private:
  static Invocation& self(void* host) { return *static_cast<Invocation*>(host); }
  void lend_functions();
  static const void* extension(const char* id);

  void log(int level, std::string logger, std::string text);
  void progress(double done, double total, std::string text);
  opsroom_status artifact(std::string name, std::string type, std::string bytes);
  opsroom_status artifact_file(std::string name, std::string type, std::string path);
  void need_input(std::string requests, std::string state);
  void result(std::string text);
  opsroom_text secret(const std::string& name) const;

  bool over();
  void misbehave(std::string how);
  void end(opsroom_status status, const std::string& escaped);
  Outcome judge(opsroom_status status) const;
  Outcome completed(bool failed, bool broken) const;
  Outcome explained(const char* otherwise, bool broken) const;
  Outcome asked() const;
  std::string fault_of(const Json& result) const;

  Given given_;
  const std::shared_ptr<Bell> bell_;
  Fd cancel_fd_;
  opsroom_call lent_{};
  std::atomic<bool> cancelled_{false};

  std::mutex mutex_;
  std::condition_variable room_;
  bool closed_ = false;
  std::vector<Utterance> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::optional<std::string> result_;
  std::optional<std::string> requests_;
  std::string state_;
  std::string misbehaviour_;
  std::vector<ArtifactDraft> artifacts_;
  std::size_t artifact_bytes_ = 0;
  std::optional<double> last_progress_;
  std::optional<Outcome> outcome_;
};

}  // namespace opsroom::tools
