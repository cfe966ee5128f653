#include "answer.hpp"

#include <opsroom/text.hpp>

namespace opsroom::plugins::http {
namespace {

bool says_json(const std::string& type) {
  const std::string media = type.substr(0, type.find(';'));
  return media.find("/json") != std::string::npos || media.find("+json") != std::string::npos;
}

/// Nothing when it is no JSON, or nested so deep that whoever walks through it runs out of stack.
std::optional<tool::json> as_json(const std::string& bytes) {
  constexpr int deepest = 200;
  bool too_deep = false;
  const tool::json::parser_callback_t look = [&](int depth, auto, const tool::json&) {
    too_deep = too_deep || depth > deepest;
    return !too_deep;
  };
  auto parsed = tool::json::parse(bytes, look, false);
  if (too_deep || parsed.is_discarded()) return std::nullopt;
  return parsed;
}

bool is_text(const std::string& bytes) {
  return printable_utf8(bytes) == bytes;
}

void set_body(Response& made, const WebAnswer& answer, const Secrets& secrets) {
  if (answer.body.empty()) return;
  if (says_json(answer.header("content-type")))
    if (const auto parsed = as_json(answer.body)) {
      made.json = secrets.redacted(*parsed);
      return;
    }
  if (is_text(answer.body))
    made.text = secrets.redacted(answer.body);
  else
    made.base64 = base64(secrets.redacted(answer.body));
}

}  // namespace

Response as_response(const WebAnswer& answer, const Secrets& secrets) {
  Response made;
  made.status = answer.status;
  made.url = shown_url(answer.url);
  for (const auto& [name, value] : answer.headers) {
    auto& all = made.headers[printable_utf8(name)];
    all += (all.empty() ? "" : ", ") + secrets.redacted(printable_utf8(value));
  }
  set_body(made, answer, secrets);
  made.bytes = static_cast<std::int64_t>(answer.bytes);
  made.redirects = answer.redirects;
  made.duration_ms = answer.took.count();
  return made;
}

}  // namespace opsroom::plugins::http
