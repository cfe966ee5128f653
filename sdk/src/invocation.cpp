#include "invocation.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <opsroom/text.hpp>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace opsroom::sdk {
namespace {

constexpr std::size_t most_artifact_bytes = std::size_t{8} << 20;
constexpr auto progress_pause = std::chrono::milliseconds(10);

std::string_view view(opsroom_text text) {
  return text.size == 0 || text.data == nullptr ? std::string_view{}
                                                : std::string_view{text.data, text.size};
}

opsroom_text lend(const std::string& text) {
  return {text.data(), text.size()};
}

const char* level_name(int32_t level) {
  constexpr std::array names{"debug", "info", "warning", "error"};
  return level >= 0 && level < 4 ? names.at(static_cast<std::size_t>(level)) : "info";
}

std::string percent_encoded(std::string_view name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 || letter == '.' || letter == '-' || letter == '_' ||
        letter == '/') {
      text += letter;
    } else {
      text += '%';
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
  }
  return text;
}

json artifact_item(const std::string& name, const std::string& media_type, std::string_view bytes) {
  return {
      {"type", "resource"},
      {"resource",
       {{"uri", "artifact:///" + percent_encoded(name)},
        {"mimeType", media_type},
        {"blob", base64(bytes)}}},
      {"_meta", {{meta::artifact, {{"name", name}, {"mediaType", media_type}}}}}
  };
}

}  // namespace

json error_result(const std::string& text) {
  return {{"content", json::array({{{"type", "text"}, {"text", text}}})}, {"isError", true}};
}

Invocation::Invocation(CallRequest request, Send send, const std::atomic<int>& legacy_log_from)
    : request_(std::move(request)), send_(std::move(send)), legacy_log_from_(legacy_log_from) {
  lent_.struct_size = sizeof lent_;
  lent_.cancel_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (lent_.cancel_fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  lent_.host = this;
  lent_.workdir = lend(request_.workdir);
  lent_.context = lend(request_.context);
  lent_.cancelled = [](void* host) -> int32_t { return self(host).cancelled() ? 1 : 0; };
  lent_.log = [](void* host, int32_t level, opsroom_text logger, opsroom_text message) {
    self(host).log(level, logger, message);
  };
  lent_.progress = [](void* host, double done, double total, opsroom_text message) {
    self(host).progress(done, total, message);
  };
  lent_.artifact = [](void* host, opsroom_text name, opsroom_text type, opsroom_text bytes) {
    return self(host).artifact(name, type, bytes);
  };
  lent_.need_input = [](void* host, opsroom_text requests, opsroom_text state) {
    self(host).need_input(requests, state);
  };
  lent_.result = [](void* host, opsroom_text text) { self(host).result(text); };
  lent_.extension = [](void*, const char*) -> const void* { return nullptr; };
}

Invocation::~Invocation() {
  ::close(lent_.cancel_fd);
}

void Invocation::cancel() noexcept {
  cancelled_.store(true);
  const std::uint64_t one = 1;
  // An eventfd takes eight bytes or is already readable; both leave it as it should be.
  [[maybe_unused]] const ssize_t written = ::write(lent_.cancel_fd, &one, sizeof one);
}

void Invocation::misbehaved(const std::string& how) {
  std::fprintf(stderr, "plugin misbehaving: %s: %s\n", request_.tool.c_str(), how.c_str());
  if (misbehaviour_.empty()) misbehaviour_ = how;
}

/// Whether nothing more may be sent; to be asked with the mutex held.
bool Invocation::quiet() noexcept {
  if (closed_) misbehaved("it went on after invoke() had returned");
  return closed_ || cancelled();
}

void Invocation::log(int32_t level, opsroom_text logger, opsroom_text message) {
  const std::lock_guard lock(mutex_);
  if (quiet()) return;
  const char* name = level_name(level);
  const int from = request_.era == Era::legacy ? legacy_log_from_.load()
                                               : request_.log_from.value_or(severity_silent);
  if (*severity_of(name) < from) return;
  send_(notification(
      "notifications/message",
      {{"level", name},
       {"logger", logger.size == 0 ? request_.tool : std::string(view(logger))},
       {"data", std::string(view(message))}}
  ));
}

void Invocation::progress(double done, double total, opsroom_text message) {
  const std::lock_guard lock(mutex_);
  if (quiet() || request_.progress_token.is_null() || !std::isfinite(done)) return;
  if (last_progress_ && done <= *last_progress_) return;
  const auto now = std::chrono::steady_clock::now();
  const bool last = total > 0 && done >= total;
  if (last_progress_ && !last && now - last_progress_at_ < progress_pause) return;
  last_progress_ = done;
  last_progress_at_ = now;
  json params{{"progressToken", request_.progress_token}, {"progress", done}};
  if (total > 0 && std::isfinite(total)) params["total"] = total;
  if (message.size > 0) params["message"] = std::string(view(message));
  send_(notification("notifications/progress", std::move(params)));
}

opsroom_status Invocation::artifact(opsroom_text name, opsroom_text type, opsroom_text bytes) {
  const std::lock_guard lock(mutex_);
  if (quiet()) return OPSROOM_CANCELLED;
  if (artifact_bytes_ + bytes.size > most_artifact_bytes) {
    std::fprintf(
        stderr, "%s: artifacts of one call may have 8 MiB together\n", request_.tool.c_str()
    );
    return OPSROOM_BAD_ARGUMENTS;
  }
  artifact_bytes_ += bytes.size;
  artifacts_.push_back(
      artifact_item(printable_utf8(view(name)), printable_utf8(view(type)), view(bytes))
  );
  return OPSROOM_OK;
}

void Invocation::need_input(opsroom_text requests, opsroom_text state) {
  const std::lock_guard lock(mutex_);
  if (quiet()) return;
  if (requests_) misbehaved("it asked for input twice in one invocation");
  requests_ = std::string(view(requests));
  state_ = std::string(view(state));
}

void Invocation::result(opsroom_text text) {
  const std::lock_guard lock(mutex_);
  if (closed_) return misbehaved("it handed in a result after invoke() had returned");
  if (result_) return misbehaved("it handed in two results");
  result_ = std::string(view(text));
}

Answer Invocation::conclude(opsroom_status status) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (cancelled()) return Silence{};
  return judge(status);
}

Answer Invocation::conclude_escaped(const std::string& what) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (cancelled()) return Silence{};
  misbehaved("an exception escaped: " + what);
  return misbehaviour();
}

Answer Invocation::judge(opsroom_status status) {
  if (!misbehaviour_.empty()) return misbehaviour();
  switch (status) {
    case OPSROOM_OK:
      return completed();
    case OPSROOM_UNKNOWN_TOOL:
      return RpcError{code::invalid_params, "Unknown tool: " + request_.tool};
    case OPSROOM_BAD_ARGUMENTS:
      return explained("the arguments do not fit the tool's inputSchema");
    case OPSROOM_BROKEN:
      return explained("the plugin says it is broken");
    case OPSROOM_INPUT_REQUIRED:
      return input_required();
    case OPSROOM_CANCELLED:
      misbehaved("it says it was cancelled, but nobody cancelled it");
      return misbehaviour();
    default:
      misbehaved("it returned the unknown status " + std::to_string(status));
      return misbehaviour();
  }
}

Answer Invocation::completed() {
  if (!result_) {
    misbehaved("it returned without a result");
    return misbehaviour();
  }
  json result = json::parse(*result_, nullptr, false);
  if (!result.is_object()) {
    misbehaved("its result is no JSON object in UTF-8");
    return misbehaviour();
  }
  if (!result.contains("content") && result.contains("structuredContent"))
    result["content"] =
        json::array({{{"type", "text"}, {"text", result["structuredContent"].dump()}}});
  if (!result.contains("content") || !result["content"].is_array()) {
    misbehaved("its result has no content array");
    return misbehaviour();
  }
  for (json& item : artifacts_)
    result["content"].push_back(std::move(item));
  return result;
}

/// A refusal in the plugin's own words where it gave some.
Answer Invocation::explained(const std::string& otherwise) {
  if (!result_) return error_result(request_.tool + ": " + otherwise);
  Answer answer = completed();
  if (json* result = std::get_if<json>(&answer)) (*result)["isError"] = true;
  return answer;
}

Answer Invocation::input_required() {
  json requests = json::parse(requests_.value_or(""), nullptr, false);
  if (!requests.is_object()) {
    misbehaved("it wants input but asked nothing that is a JSON object");
    return misbehaviour();
  }
  if (printable_utf8(state_) != state_) {
    misbehaved("the state it leaves is no text in UTF-8");
    return misbehaviour();
  }
  if (request_.era == Era::legacy)
    return error_result(
        request_.tool + " needs an answer from a person, which can wait only in protocol " +
        std::string(modern_version) + "; call it from a client that speaks it"
    );
  if (!request_.capabilities.contains("elicitation"))
    return RpcError{
        code::missing_capability,
        request_.tool + " needs an answer from a person; the client declares no elicitation",
        {{"requiredCapabilities", {{"elicitation", json::object()}}}}
    };
  json result{{"resultType", "input_required"}, {"inputRequests", std::move(requests)}};
  if (!state_.empty()) result["requestState"] = state_;
  return result;
}

Answer Invocation::misbehaviour() {
  return error_result("plugin misbehaving: " + request_.tool + ": " + misbehaviour_);
}

}  // namespace opsroom::sdk
