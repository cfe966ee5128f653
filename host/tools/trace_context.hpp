#pragma once

#include "model/trace.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace opsroom::tools {

/// Names the calls of one run in W3C trace context: one trace, a span a call. Random, not secret.
/// Not thread-safe.
class TraceContext {
 public:
  TraceContext();

  /// The `traceparent` of the next call: a span in the trace that `parent` is of, with its flags;
  /// in a trace of our own when that says none.
  std::string next(std::string_view parent = {});

 private:
  std::mt19937_64 random_;
  TraceParent own_;
};

}  // namespace opsroom::tools
