#include "web/wire.hpp"

#include <fmt/format.h>

namespace opsroom::web {
namespace {

/// A line break inside a value would start a header of the attacker's choice.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value)
    out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
  out += "\r\n";
}

}  // namespace

const std::string too_many_connections =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 2\r\n"
    "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    R"({"error":{"code":"exhausted","message":"too many connections","hint":"Close some."}})";

std::string response_head(const Response& response, const Headers& standard, bool chunked) {
  std::string out =
      fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  for (const auto& field : response.headers.fields())
    append_field(out, field.name, field.value);
  for (const auto& field : standard.fields()) {
    if (!response.headers.find(field.name)) append_field(out, field.name, field.value);
  }
  if (chunked) {
    append_field(out, "Transfer-Encoding", "chunked");
  } else if (!response.stream && has_body(response.status)) {
    append_field(out, "Content-Length", std::to_string(response.body.size()));
  }
  out += "\r\n";
  return out;
}

bool has_body(int status) {
  return status != 204 && status != 304;
}

std::string chunk(std::string_view bytes) {
  return fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes);
}

void check_head(const Request& request, std::size_t field_limit) {
  if (request.headers.fields().size() > field_limit) {
    throw Refusal(431, Code::invalid, "the request has too many header fields");
  }
  if (request.headers.count("Host") != 1) {
    throw Refusal(400, Code::invalid, "the request must have exactly one Host header");
  }
}

Response unreadable_head(int status) {
  const Refusal refusal(
      status, Code::invalid, status == 431 ? "the header is too large" : "not an HTTP request"
  );
  Response response = error_response(std::make_exception_ptr(refusal), Request{});
  response.headers.set("Connection", "close");
  return response;
}

Refusal body_too_large(std::size_t limit) {
  return Refusal(
      413,
      Code::invalid,
      "the request body is too large",
      fmt::format("At most {} bytes are taken.", limit)
  );
}

}  // namespace opsroom::web
