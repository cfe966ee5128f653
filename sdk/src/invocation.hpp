#pragma once
#include "batches.hpp"
#include "call_request.hpp"
#include "cancel_fds.hpp"
#include "questions.hpp"
#include "subscriptions.hpp"
#include "wire.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <opsroom/extensions.h>
#include <opsroom/plugin.h>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace opsroom::sdk {

/// What invocations share; all of it outlives them.
struct Surroundings {
  Outbox& outbox;
  Batches& batches;
  Questions& questions;
  Subscriptions& subscriptions;
  CancelFds& cancel_fds;
  const std::atomic<int>& legacy_log_from;  ///< the client's logging/setLevel
};

/// How one entry into the plugin ended.
struct Silence {};  ///< it was cancelled: nothing is said
/// A result as JSON text on one line.
struct Body {
  std::string text;
  bool plain = false;  ///< carries neither _meta nor resultType, so both can be appended
  bool failed = false;
};
struct Wants {
  json requests;
  std::string state;
};
using Outcome = std::variant<Silence, Body, RpcError, Wants>;

/// A result that says in words why there is none.
Body error_body(const std::string& text);

/// The body of a modern result; `suffix` is what every one ends with.
std::string stamped(const Body& body, const std::string& suffix);

/// One entry into the plugin: lends it the opsroom_call, turns what the plugin does with it into
/// messages, and judges the end. Its functions run on any thread; conclude() ends all that.
class Invocation {
 public:
  /// `request` outlives it. Throws std::system_error.
  Invocation(const CallRequest& request, std::string context, Surroundings around);
  ~Invocation();
  Invocation(const Invocation&) = delete;
  Invocation& operator=(const Invocation&) = delete;

  const opsroom_call& lent() const noexcept { return lent_; }

  void cancel() noexcept;
  bool cancelled() const noexcept { return cancelled_.load(); }

  /// No notification leaves any more: the request itself has been answered.
  void mute() noexcept { muted_.store(true); }

  /// Nothing is sent for the invocation afterwards.
  Outcome conclude(opsroom_status status);
  /// The same for a plugin that let an exception escape.
  Outcome conclude_escaped(const std::string& what);

 private:
  static Invocation& self(void* host) { return *static_cast<Invocation*>(host); }
  const void* extension(const char* id) const;
  void lend_functions();

  void log(int32_t level, opsroom_text logger, opsroom_text message);
  void progress(double done, double total, opsroom_text message);
  opsroom_status artifact(opsroom_text name, opsroom_text media_type, opsroom_text bytes);
  opsroom_status artifact_file(opsroom_text name, opsroom_text media_type, opsroom_text path);
  void need_input(opsroom_text requests, opsroom_text state);
  opsroom_status ask_in_place(
      opsroom_text requests, void (*take)(void* user, opsroom_text responses), void* user
  );
  void result(opsroom_text text);
  void resource_updated(opsroom_text uri);
  opsroom_text capabilities();

  bool over() noexcept;
  bool quiet() noexcept { return over() || muted_.load(); }
  void misbehaved(const std::string& how);
  Outcome judge(opsroom_status status);
  Outcome completed();
  Outcome completed_slowly(const std::string& lacking);
  Outcome explained(int code, const std::string& otherwise);
  Outcome unknown() const;
  RpcError not_found(const std::string& why) const;
  Outcome input_required();
  Outcome misbehaviour();
  void hint_at_caching(json& result) const;
  std::string what_is_wrong_with(const json& result) const;

  const CallRequest& request_;
  const std::string context_;
  const Surroundings around_;
  Fd cancel_fd_;
  opsroom_call lent_{};
  std::atomic<bool> cancelled_{false};
  std::atomic<bool> muted_{false};

  /// Where it waits for an answer; its own, since that may still come when this is gone.
  struct Place {
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<Questions::Outcome> outcome;
  };
  std::mutex place_mutex_;
  std::shared_ptr<Place> place_;

  std::mutex mutex_;
  bool closed_ = false;
  std::optional<std::string> result_;
  std::optional<std::string> requests_;
  std::string state_;
  std::string misbehaviour_;
  std::string capabilities_;
  std::vector<json> artifacts_;
  std::size_t artifact_bytes_ = 0;
  std::optional<double> last_progress_;
  std::chrono::steady_clock::time_point last_progress_at_{};
};

}  // namespace opsroom::sdk
