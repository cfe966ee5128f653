#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom {

/// Where a piece of work belongs in W3C trace context (Level 2).
struct TraceParent {
  std::string trace;  ///< 32 hexadecimal digits, not all zero
  std::string span;   ///< 16, likewise
  int flags = 0;      ///< those that are known: sampled, random
};

/// Reads a `traceparent` of this version or a later one; none when it is not valid, as the
/// standard wants: then a new trace begins.
std::optional<TraceParent> trace_parent(std::string_view header);

/// `00-<trace>-<span>-<flags>`.
std::string to_string(const TraceParent& parent);

/// The `tracestate` of a request, whose fields count as one list, to be passed on as it is; empty
/// when any of it is not valid, as the standard wants.
std::string trace_state(const std::vector<std::string>& fields);

}  // namespace opsroom
