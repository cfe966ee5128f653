#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace opsroom::sdk {

/// Seals the state a tool leaves with its question, since it comes back through hands that are not
/// ours. A sealed state is readable but can't be altered, used for another tool or with other
/// arguments, or after 30 days.
class StateSeal {
 public:
  using Clock = std::chrono::system_clock;
  static constexpr std::chrono::hours lifetime{30 * 24};

  explicit StateSeal(std::string key) : key_(std::move(key)) {}

  /// An empty key: from_environment().
  static StateSeal with_key(const std::string& key);

  /// The key from OPSROOM_STATE_KEY, which is then taken out of the environment so that no program
  /// a tool starts can see it; without it a random one, good for this process's life.
  static StateSeal from_environment();

  /// `bound` is whatever the state must not be separated from: the tool and its arguments.
  std::string seal(std::string_view state, std::string_view bound, Clock::time_point now) const;
  /// The state again, or none when the seal is not ours, not for this, or too old.
  std::optional<std::string> open(
      std::string_view sealed, std::string_view bound, Clock::time_point now
  ) const;

 private:
  std::string mac(std::string_view expiry, std::string_view state, std::string_view bound) const;

  std::string key_;
};

}  // namespace opsroom::sdk
