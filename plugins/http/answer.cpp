#include "answer.hpp"

#include <opsroom/text.hpp>

namespace opsroom::plugins::http {
namespace {

bool says_json(const std::string& type) {
  const std::string media = type.substr(0, type.find(';'));
  return media.find("/json") != std::string::npos || media.find("+json") != std::string::npos;
}

bool is_text(const std::string& bytes) {
  return printable_utf8(bytes) == bytes;
}

void set_body(Response& made, const WebAnswer& answer, const Secrets& secrets) {
  if (answer.body.empty()) return;
  if (says_json(answer.header("content-type"))) {
    const auto parsed = tool::json::parse(answer.body, nullptr, false);
    if (!parsed.is_discarded()) {
      made.json = secrets.redacted(parsed);
      return;
    }
  }
  if (is_text(answer.body))
    made.text = secrets.redacted(answer.body);
  else
    made.base64 = base64(answer.body);
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
