#pragma once

#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <functional>

namespace opsroom {

/// A database identity that cannot be mistaken for another kind of number.
template <class Tag>
struct Id {
  std::int64_t value = 0;
  friend auto operator<=>(const Id&, const Id&) = default;
  explicit operator bool() const { return value != 0; }
};

using SessionId = Id<struct SessionTag>;
using RunId = Id<struct RunTag>;
using ArtifactId = Id<struct ArtifactTag>;
using InputId = Id<struct InputTag>;

}  // namespace opsroom

template <class Tag>
struct std::hash<opsroom::Id<Tag>> {
  std::size_t operator()(const opsroom::Id<Tag>& id) const noexcept {
    return std::hash<std::int64_t>{}(id.value);
  }
};

template <class Tag>
struct fmt::formatter<opsroom::Id<Tag>> : fmt::formatter<std::int64_t> {
  template <class Context>
  auto format(const opsroom::Id<Tag>& id, Context& context) const {
    return fmt::formatter<std::int64_t>::format(id.value, context);
  }
};
