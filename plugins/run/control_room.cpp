#include "control_room.hpp"

#include <algorithm>

namespace opsroom::plugins::run {
namespace {

constexpr std::chrono::milliseconds patience{10000};
/// A host waits 2 s for a call that it has cancelled.
constexpr std::chrono::milliseconds last_patience{1800};
/// A run with its steps' outputs may be large.
constexpr std::uint64_t most_bytes = std::uint64_t{64} << 20;

std::string without_slash(std::string url) {
  while (url.ends_with('/'))
    url.pop_back();
  return url;
}

std::string in_words(const WebAnswer& answer, const tool::json& body) {
  const tool::json error = body.is_object() ? body.value("error", tool::json()) : tool::json();
  if (!error.is_object())
    return "the control room answered with status " + std::to_string(answer.status);
  std::string text = "the control room refuses it: " + error.value("message", "");
  const tool::json hint = error.value("hint", tool::json());
  if (hint.is_string() && !hint.get<std::string>().empty()) text += ". " + hint.get<std::string>();
  return text;
}

}  // namespace

ControlRoom::ControlRoom(const Settings& settings, const tool::Call& call)
    : call_(call),
      secrets_(call),
      url_(without_slash(settings.url)),
      token_(secrets_.get(settings.token)) {
  // The operator has chosen the address, which mostly is this machine's own.
  policy_.addresses = AddressPolicy({"0.0.0.0/0", "::/0"});
  policy_.ca_file = settings.ca_file;
}

tool::json ControlRoom::get(const std::string& path) {
  WebRequest request;
  request.url = url_ + path;
  return exchange(std::move(request));
}

tool::json ControlRoom::post(const std::string& path, const tool::json& body) {
  WebRequest request;
  request.method = "POST";
  request.despite_cancel = true;
  request.url = url_ + path;
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = body.dump(-1, ' ', false, tool::json::error_handler_t::replace);
  return exchange(std::move(request));
}

void ControlRoom::go_on_despite_cancel() {
  leave_until_ = std::chrono::steady_clock::now() + last_patience;
}

std::chrono::milliseconds ControlRoom::time_left() const {
  if (!leave_until_) return patience;
  const auto left = *leave_until_ - std::chrono::steady_clock::now();
  return std::max(
      std::chrono::milliseconds(1), std::chrono::duration_cast<std::chrono::milliseconds>(left)
  );
}

tool::json ControlRoom::exchange(WebRequest request) {
  request.headers.emplace_back("Authorization", "Bearer " + token_);
  request.timeout = time_left();
  request.max_bytes = most_bytes;
  if (leave_until_) request.despite_cancel = true;
  WebAnswer answer;
  try {
    answer = fetch(request, policy_, call_);
  } catch (const WebError& error) {
    throw Refused(secrets_.redacted(std::string(error.what())), !error.refused());
  }
  const tool::json body = tool::json::parse(answer.body, nullptr, false);
  if (answer.status < 200 || answer.status >= 300)
    throw Refused(in_words(answer, body), answer.status == 429 || answer.status >= 500);
  if (!body.is_object())
    throw Refused(
        request.method + " " + shown_url(request.url) + " answers no JSON object: is it opsroom?",
        false
    );
  return body;
}

}  // namespace opsroom::plugins::run
