#include "tools/trace_context.hpp"

#include "base/digest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::tools {

TraceContext::TraceContext() : random_(std::random_device{}()) {
  own_.trace = random_hex(16);
  own_.flags = 1;
}

std::string TraceContext::next(std::string_view parent) {
  // A span of zeros would make the whole header invalid.
  const std::uint64_t span = std::max<std::uint64_t>(1, random_());
  TraceParent next = trace_parent(parent).value_or(own_);
  next.span = fmt::format("{:016x}", span);
  return to_string(next);
}

}  // namespace opsroom::tools
