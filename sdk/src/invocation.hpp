#pragma once
#include "protocol.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <opsroom/plugin.h>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace opsroom::sdk {

/// What a tools/call request asks for, taken out of its JSON.
struct CallRequest {
  json id;
  Era era = Era::legacy;
  std::string tool;
  std::string arguments;  ///< JSON text
  std::string context;    ///< JSON text
  std::string workdir;
  json progress_token;          ///< null: the client wants no progress
  json capabilities;            ///< modern: what the client can do
  std::optional<int> log_from;  ///< modern: lowest severity wanted
};

/// How an invocation ended: an answer for the client, or silence because it was cancelled.
struct Silence {};
using Answer = std::variant<Silence, json, RpcError>;

/// One call under way: lends the plugin its opsroom_call, turns what the plugin does with it into
/// notifications, and judges the end. Its functions run on any thread; conclude() ends all that.
class Invocation {
 public:
  using Send = std::function<void(const json&)>;

  /// `legacy_log_from` is the client's logging/setLevel; it may change while the call runs.
  Invocation(CallRequest request, Send send, const std::atomic<int>& legacy_log_from);
  ~Invocation();
  Invocation(const Invocation&) = delete;
  Invocation& operator=(const Invocation&) = delete;

  const CallRequest& request() const noexcept { return request_; }
  const opsroom_call& lent() const noexcept { return lent_; }

  void cancel() noexcept;
  bool cancelled() const noexcept { return cancelled_.load(); }

  /// The answer to a finished call. Nothing is sent for the invocation afterwards.
  Answer conclude(opsroom_status status);
  /// The same for a plugin that let an exception escape.
  Answer conclude_escaped(const std::string& what);

 private:
  static Invocation& self(void* host) { return *static_cast<Invocation*>(host); }
  void log(int32_t level, opsroom_text logger, opsroom_text message);
  void progress(double done, double total, opsroom_text message);
  opsroom_status artifact(opsroom_text name, opsroom_text media_type, opsroom_text bytes);
  void need_input(opsroom_text requests, opsroom_text state);
  void result(opsroom_text text);

  bool quiet() noexcept;
  void misbehaved(const std::string& how);
  Answer judge(opsroom_status status);
  Answer completed();
  Answer explained(const std::string& otherwise);
  Answer input_required();
  Answer misbehaviour();

  CallRequest request_;
  Send send_;
  const std::atomic<int>& legacy_log_from_;
  opsroom_call lent_{};
  std::atomic<bool> cancelled_{false};

  std::mutex mutex_;
  bool closed_ = false;
  std::optional<std::string> result_;
  std::optional<std::string> requests_;
  std::string state_;
  std::string misbehaviour_;
  std::vector<json> artifacts_;
  std::size_t artifact_bytes_ = 0;
  std::optional<double> last_progress_;
  std::chrono::steady_clock::time_point last_progress_at_{};
};

/// An MCP result that says in words why there is none.
json error_result(const std::string& text);

}  // namespace opsroom::sdk
