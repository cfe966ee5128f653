#include "tools/trace_context.hpp"

#include "base/digest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::tools {

TraceContext::TraceContext() : random_(std::random_device{}()), trace_(random_hex(16)) {}

std::string TraceContext::next() {
  // A span of zeros would make the whole header invalid.
  const std::uint64_t span = std::max<std::uint64_t>(1, random_());
  return fmt::format("00-{}-{:016x}-01", trace_, span);
}

}  // namespace opsroom::tools
