#include "invocation.hpp"

#include "json_reader.hpp"

#include <array>
#include <cstdio>
#include <opsroom/text.hpp>
#include <unistd.h>
#include <utility>

namespace opsroom::sdk {
namespace {

/// What of a result decides how it travels on.
struct Outline {
  std::string_view content;
  std::string_view structured;
  std::string_view is_error;
  bool has_meta = false;
  bool good = false;
};

Outline outline_of(std::string_view text) {
  Outline seen;
  JsonReader reader(text);
  const bool object = reader.object([&](std::string_view key) {
    const auto value = reader.value();
    if (key == "content") seen.content = value;
    if (key == "structuredContent") seen.structured = value;
    if (key == "isError") seen.is_error = value;
    if (key == "_meta" || key == "resultType") seen.has_meta = true;
  });
  seen.good = object && reader.ended();
  return seen;
}

/// The member without which a result of that kind is none.
const char* essential_member(Target target) {
  constexpr std::array members{"content", "contents", "messages", "completion"};
  return members.at(static_cast<std::size_t>(target));
}

std::string first_text(const json& result) {
  for (const json& item : result.value("content", json::array()))
    if (item.is_object() && item.value("type", "") == "text") return item.value("text", "");
  return "";
}

}  // namespace

Body error_body(const std::string& text) {
  const json result{
      {"content", json::array({{{"type", "text"}, {"text", text}}})}, {"isError", true}
  };
  return {dumped(result), true, true};
}

std::string stamped(const Body& body, const std::string& suffix) {
  constexpr std::string_view complete = "\"resultType\":\"complete\"";
  if (body.plain) {
    const auto inner = std::string_view(body.text).substr(0, body.text.rfind('}'));
    const bool empty = inner.find(':') == std::string_view::npos;
    std::string text;
    text.reserve(inner.size() + complete.size() + suffix.size() + 1);
    return text.append(inner).append(empty ? "" : ",").append(complete).append(suffix);
  }
  json result = json::parse(body.text);
  const json ours = json::parse("{\"x\":0" + suffix);
  if (!result.contains("_meta") || !result["_meta"].is_object()) result["_meta"] = json::object();
  result["_meta"].update(ours["_meta"]);
  result["resultType"] = "complete";
  return dumped(result);
}

Invocation::Invocation(const CallRequest& request, std::string context, Surroundings around)
    : request_(request),
      context_(std::move(context)),
      around_(around),
      cancel_fd_(around.cancel_fds.take()) {
  lend_functions();
}

Invocation::~Invocation() {
  if (!cancelled()) around_.cancel_fds.give_back(std::move(cancel_fd_));
}

void Invocation::cancel() noexcept {
  cancelled_.store(true);
  const std::uint64_t one = 1;
  // An eventfd takes eight bytes or is already readable; both leave it as it should be.
  [[maybe_unused]] const ssize_t written = ::write(cancel_fd_.get(), &one, sizeof one);
  const std::lock_guard lock(place_mutex_);
  if (!place_) return;
  const std::lock_guard waiting(place_->mutex);
  place_->changed.notify_all();
}

void Invocation::misbehaved(const std::string& how) {
  std::fprintf(stderr, "plugin misbehaving: %s: %s\n", request_.tool.c_str(), how.c_str());
  if (misbehaviour_.empty()) misbehaviour_ = how;
}

/// Whether nothing counts any more; to be asked with the mutex held.
bool Invocation::over() noexcept {
  if (closed_) misbehaved("it went on after invoke() had returned");
  return closed_ || cancelled();
}

Outcome Invocation::conclude(opsroom_status status) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (cancelled()) return Silence{};
  return judge(status);
}

Outcome Invocation::conclude_escaped(const std::string& what) {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  if (cancelled()) return Silence{};
  misbehaved("an exception escaped: " + what);
  return misbehaviour();
}

Outcome Invocation::judge(opsroom_status status) {
  if (!misbehaviour_.empty()) return misbehaviour();
  switch (status) {
    case OPSROOM_OK:
      return completed();
    case OPSROOM_UNKNOWN_TOOL:
      return unknown();
    case OPSROOM_BAD_ARGUMENTS:
      return explained(code::invalid_params, "the arguments do not fit the tool's inputSchema");
    case OPSROOM_BROKEN:
      return explained(code::internal_error, "the plugin says it is broken");
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

/// A result that is as it should be is passed on as it was handed in.
Outcome Invocation::completed() {
  if (!result_) {
    misbehaved("it returned without a result");
    return misbehaviour();
  }
  const Outline seen = outline_of(*result_);
  if (!seen.good) {
    misbehaved("its result is no JSON object in UTF-8");
    return misbehaviour();
  }
  const bool failed = seen.is_error == "true";
  const bool one_line = result_->find('\n') == std::string::npos;
  const bool has_all = !seen.content.empty() && seen.content.front() == '[' &&
                       (failed || !request_.structured || !seen.structured.empty());
  const bool object_or_none = seen.structured.empty() || seen.structured.front() == '{';
  if (request_.target == Target::tool && one_line && has_all && artifacts_.empty() &&
      (object_or_none || request_.era == Era::modern))
    return Body{std::move(*result_), !seen.has_meta, failed};
  return completed_slowly(*result_);
}

Outcome Invocation::completed_slowly(const std::string& text) {
  json result = json::parse(text);
  const bool failed = result.value("isError", json()) == true;
  if (request_.target != Target::tool && failed)
    return RpcError{code::internal_error, request_.tool + ": " + first_text(result)};
  const bool structured = result.contains("structuredContent");
  if (request_.target == Target::tool && !result.contains("content") && structured)
    result["content"] =
        json::array({{{"type", "text"}, {"text", dumped(result["structuredContent"])}}});
  if (const std::string wrong = what_is_wrong_with(result); !wrong.empty()) {
    misbehaved(wrong);
    return misbehaviour();
  }
  // Legacy clients know only objects there; the text says the same.
  if (request_.era == Era::legacy && structured && !result["structuredContent"].is_object())
    result.erase("structuredContent");
  for (json& item : artifacts_)
    result["content"].push_back(std::move(item));
  result.erase("resultType");
  if (request_.target == Target::resource && request_.era == Era::modern) hint_at_caching(result);
  return Body{dumped(result), !result.contains("_meta"), failed};
}

/// What people answered is for this one request; what else is read, the plugin may let be kept.
void Invocation::hint_at_caching(json& result) const {
  const bool answered = !request_.message->input_responses.empty();
  if (answered || !result.contains("ttlMs")) result["ttlMs"] = 0;
  if (answered || !result.contains("cacheScope")) result["cacheScope"] = "private";
}

std::string Invocation::what_is_wrong_with(const json& result) const {
  const char* essential = essential_member(request_.target);
  const auto found = result.find(essential);
  const bool object = request_.target == Target::completion;
  if (found == result.end() || (object ? !found->is_object() : !found->is_array()))
    return std::string("its result has no ") + essential + (object ? " object" : " array");
  if (request_.target == Target::resource && found->empty())
    return "it read a resource into nothing; for one that is not there it returns UNKNOWN_TOOL";
  if (request_.structured && !result.contains("structuredContent") &&
      result.value("isError", json()) != true)
    return "its result lacks the structuredContent that its outputSchema promises";
  return "";
}

/// A refusal in the plugin's own words where it gave some.
Outcome Invocation::explained(int code, const std::string& otherwise) {
  json said;
  if (result_) said = json::parse(*result_, nullptr, false);
  if (request_.target != Target::tool) {
    const std::string why = said.is_object() ? first_text(said) : "";
    if (code == code::invalid_params && request_.target == Target::resource)
      return not_found(why.empty() ? "Resource not found" : why);
    return RpcError{code, request_.tool + ": " + (why.empty() ? otherwise : why)};
  }
  if (!result_) return error_body(request_.tool + ": " + otherwise);
  if (said.is_object()) {
    said["isError"] = true;
    result_ = dumped(said);
  }
  return completed();
}

/// Which of the plugin's things is not there.
Outcome Invocation::unknown() const {
  if (request_.target == Target::tool)
    return RpcError{code::invalid_params, "Unknown tool: " + request_.tool};
  if (request_.target == Target::resource) return not_found("Resource not found");
  return RpcError{code::invalid_params, request_.tool + ": there is no such thing"};
}

RpcError Invocation::not_found(const std::string& why) const {
  const int number = request_.era == Era::modern ? code::invalid_params : code::resource_not_found;
  return {number, why, {{"uri", json::parse(request_.said()).value("uri", json())}}};
}

Outcome Invocation::input_required() {
  json requests = json::parse(requests_.value_or(""), nullptr, false);
  if (!requests.is_object() || requests.empty()) {
    misbehaved("it wants input but asked nothing that is a JSON object");
    return misbehaviour();
  }
  if (printable_utf8(state_) != state_) {
    misbehaved("the state it leaves is no text in UTF-8");
    return misbehaviour();
  }
  if (request_.target == Target::completion) {
    misbehaved("it asks people in the middle of a completion");
    return misbehaviour();
  }
  return Wants{std::move(requests), state_};
}

Outcome Invocation::misbehaviour() {
  const std::string said = "plugin misbehaving: " + request_.tool + ": " + misbehaviour_;
  if (request_.target != Target::tool) return RpcError{code::internal_error, said};
  return error_body(said);
}

}  // namespace opsroom::sdk
