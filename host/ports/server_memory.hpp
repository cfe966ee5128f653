#pragma once

#include "base/async.hpp"

#include <optional>
#include <string>

namespace opsroom {

/// What is remembered of tool servers and for them beyond this process, by a fingerprint of
/// command, arguments and program. Only a saving: whoever asks goes on when it fails or knows
/// nothing. Io thread only.
class ServerMemory {
 public:
  virtual ~ServerMemory() = default;
  /// The protocol era it was found to speak: "modern" or "legacy". Throws Failure.
  virtual Task<std::optional<std::string>> era(std::string fingerprint) = 0;
  virtual Task<> remember_era(std::string fingerprint, std::string title, std::string era) = 0;
  virtual Task<> forget(std::string fingerprint) = 0;
  /// What plugins seal with what they remember while they wait for an answer; the same for every
  /// worker of this control room. Throws Failure.
  virtual Task<std::string> state_key() = 0;
};

}  // namespace opsroom
