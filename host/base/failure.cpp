#include "base/failure.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace opsroom {
namespace {

struct Row {
  Code code;
  std::string_view name;
  int http;
  int jsonrpc;
  int exit;
};

constexpr std::array<Row, 12> table{{
    {Code::invalid, "invalid", 422, -32602, 2},
    {Code::not_found, "not_found", 404, -32602, 2},
    {Code::conflict, "conflict", 409, -32600, 2},
    {Code::unauthorized, "unauthorized", 401, -32600, 2},
    {Code::forbidden, "forbidden", 403, -32600, 2},
    {Code::unavailable, "unavailable", 503, -32603, 5},
    {Code::timeout, "timeout", 504, -32603, 5},
    {Code::canceled, "canceled", 409, -32603, 4},
    {Code::exhausted, "exhausted", 507, -32603, 6},
    {Code::unsupported, "unsupported", 501, -32601, 78},
    {Code::tool_failed, "tool_failed", 502, -32603, 1},
    {Code::internal, "internal", 500, -32603, 70},
}};

const Row& row(Code code) {
  for (const Row& candidate : table) {
    if (candidate.code == code) return candidate;
  }
  return table.back();
}

Code code_of_errno(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Code::not_found;
    case EACCES:
    case EPERM:
    case EROFS:
      return Code::forbidden;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
    case EFBIG:
      return Code::exhausted;
    case ETIMEDOUT:
      return Code::timeout;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
      return Code::unavailable;
    default:
      return Code::internal;
  }
}

std::string hint_of_errno(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
      return "The disk is full: free space there, or move the data directory (OPSROOM_HOME).";
    case EMFILE:
    case ENFILE:
      return "Too many open files: raise the limit (ulimit -n) or lower CONCURRENCY.";
    case EACCES:
    case EPERM:
      return "Check the owner and the permissions of the path.";
    case EROFS:
      return "The file system is read-only: choose another directory.";
    default:
      return {};
  }
}

}  // namespace

Failure::Failure(Code code, std::string message, std::string hint, bool retryable)
    : code_(code), message_(std::move(message)), hint_(std::move(hint)), retryable_(retryable) {
  text_ = hint_.empty() ? message_ : fmt::format("{} ({})", message_, hint_);
}

std::string_view code_name(Code code) {
  return row(code).name;
}
int http_status(Code code) {
  return row(code).http;
}
int jsonrpc_code(Code code) {
  return row(code).jsonrpc;
}
int exit_code(Code code) {
  return row(code).exit;
}

Failure system_failure(int error_number, std::string_view what) {
  return Failure(
      code_of_errno(error_number),
      fmt::format("{}: {}", what, std::strerror(error_number)),
      hint_of_errno(error_number)
  );
}

}  // namespace opsroom
