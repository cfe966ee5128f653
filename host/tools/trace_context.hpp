#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace opsroom::tools {

/// Names the calls of one run in W3C trace context: one trace, a span a call. Random, not secret.
/// Not thread-safe.
class TraceContext {
 public:
  TraceContext();

  /// The `traceparent` of the next call: `00-<trace>-<span>-01`.
  std::string next();

 private:
  std::mt19937_64 random_;
  std::string trace_;
};

}  // namespace opsroom::tools
