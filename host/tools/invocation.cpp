#include "tools/invocation.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <exception>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

// The two ends of an entry; what lies between, the plugin's calls, is in lent_functions.cpp.

namespace opsroom::tools {
namespace {

opsroom_text lend(const std::string& text) {
  return {text.data(), text.size()};
}

Json text_result(const std::string& text) {
  return {{"content", Json::array({{{"type", "text"}, {"text", text}}})}, {"isError", true}};
}

bool says_error(const Json& result) {
  const auto found = result.find("isError");
  return found != result.end() && *found == true;
}

}  // namespace

Invocation::Invocation(Given given, std::shared_ptr<Bell> bell)
    : given_(std::move(given)),
      bell_(std::move(bell)),
      cancel_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!cancel_fd_) throw system_failure(errno, "eventfd");
  lent_.struct_size = sizeof lent_;
  lent_.cancel_fd = cancel_fd_.get();
  lent_.host = this;
  lent_.workdir = lend(given_.workdir);
  lent_.context = lend(given_.context);
  lend_functions();
}

void Invocation::enter(const opsroom_plugin& plugin, void* instance) {
  opsroom_status status = OPSROOM_BROKEN;
  std::string escaped;
  try {
    status = plugin.invoke(instance, lend(given_.tool), lend(given_.arguments), &lent_);
  } catch (const std::exception& error) {
    escaped = fmt::format("an exception escaped: {}", error.what());
  } catch (...) {
    escaped = "an exception escaped: not a std::exception";
  }
  end(status, escaped);
}

/// Judged on the lent thread: what it said may be large.
void Invocation::end(opsroom_status status, const std::string& escaped) {
  std::unique_lock lock(mutex_);
  closed_ = true;
  room_.notify_all();
  if (misbehaviour_.empty()) misbehaviour_ = escaped;
  Outcome outcome = Left{};
  const bool judging = !cancelled_ && misbehaviour_.empty();
  if (!cancelled_ && !judging) outcome = Misbehaved{misbehaviour_};
  lock.unlock();
  // What was handed in is touched by nobody else from here on.
  if (judging) outcome = judge(status);
  // It is kept for a while, these may be large.
  given_.arguments = std::string();
  result_.reset();
  requests_.reset();
  lock.lock();
  outcome_ = std::move(outcome);
  bell_->ring();
}

Outcome Invocation::judge(opsroom_status status) const try {
  switch (status) {
    case OPSROOM_OK:
      return completed(false, false);
    case OPSROOM_UNKNOWN_TOOL:
      return Refused{fmt::format("Unknown tool: {}", given_.tool)};
    case OPSROOM_BAD_ARGUMENTS:
      return explained("the arguments do not fit the tool's inputSchema", false);
    case OPSROOM_BROKEN:
      return explained("the plugin says it is broken", true);
    case OPSROOM_INPUT_REQUIRED:
      return asked();
    case OPSROOM_CANCELLED:
      return Misbehaved{"it says it was cancelled, but nobody cancelled it"};
    default:
      return Misbehaved{fmt::format("it returned the unknown status {}", status)};
  }
} catch (const std::exception& error) {  // no memory left, most likely
  return Said{text_result(fmt::format("{}: {}", given_.tool, error.what())), 0, false};
}

Outcome Invocation::completed(bool failed, bool broken) const {
  if (!result_) return Misbehaved{"it returned without a result"};
  Said said;
  said.bytes = result_->size();
  said.broken = broken;
  try {
    said.result = parse_json(*result_, "its result");
  } catch (const Failure&) {
    return Misbehaved{"its result is no JSON object in UTF-8"};
  }
  if (!said.result.is_object()) return Misbehaved{"its result is no JSON object in UTF-8"};
  if (failed) said.result["isError"] = true;
  const auto structured = said.result.find("structuredContent");
  if (structured != said.result.end() && !said.result.contains("content")) {
    said.result["content"] = Json::array({{{"type", "text"}, {"text", dump(*structured)}}});
  }
  if (std::string fault = fault_of(said.result); !fault.empty()) return Misbehaved{fault};
  return said;
}

std::string Invocation::fault_of(const Json& result) const {
  const auto content = result.find("content");
  if (content == result.end() || !content->is_array()) return "its result has no content array";
  if (given_.structured && !result.contains("structuredContent") && !says_error(result))
    return "its result lacks the structuredContent that its outputSchema promises";
  return {};
}

/// A refusal in the plugin's own words where it gave some.
Outcome Invocation::explained(const char* otherwise, bool broken) const {
  if (result_) return completed(true, broken);
  return Said{text_result(fmt::format("{}: {}", given_.tool, otherwise)), 0, broken};
}

Outcome Invocation::asked() const {
  Asked asked;
  try {
    asked.requests = parse_json(requests_.value_or(""), "its questions");
  } catch (const Failure&) {
    asked.requests = nullptr;
  }
  if (!asked.requests.is_object() || asked.requests.empty())
    return Misbehaved{"it wants input but asked nothing that is a JSON object"};
  if (printable_utf8(state_) != state_)
    return Misbehaved{"the state it leaves is no text in UTF-8"};
  asked.state = state_;
  return asked;
}

void Invocation::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  const std::uint64_t one = 1;
  // It takes eight bytes or is readable already; both leave it as it should be.
  [[maybe_unused]] const ssize_t written = ::write(cancel_fd_.get(), &one, sizeof one);
  room_.notify_all();
}

std::vector<Utterance> Invocation::take() {
  const std::lock_guard lock(mutex_);
  waiting_bytes_ = 0;
  room_.notify_all();
  return std::exchange(waiting_, {});
}

std::optional<Outcome> Invocation::outcome() {
  const std::lock_guard lock(mutex_);
  if (!waiting_.empty()) return std::nullopt;
  return std::exchange(outcome_, std::nullopt);
}

std::vector<ArtifactDraft> Invocation::take_artifacts() {
  const std::lock_guard lock(mutex_);
  return std::exchange(artifacts_, {});
}

std::string Invocation::misbehaviour() {
  const std::lock_guard lock(mutex_);
  return misbehaviour_;
}

/// With the mutex held.
void Invocation::misbehave(std::string how) {
  if (!misbehaviour_.empty()) return;
  misbehaviour_ = std::move(how);
  if (closed_) bell_->ring();
}

/// Whether nothing counts any more; with the mutex held.
bool Invocation::over() {
  if (closed_) misbehave("it went on after invoke() had returned");
  return closed_ || cancelled_;
}

}  // namespace opsroom::tools
