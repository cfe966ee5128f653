#pragma once
#include <nlohmann/json.hpp>

#include <cstddef>
#include <opsroom/tool/types.hpp>
#include <string>
#include <string_view>

namespace opsroom::tool::detail {

/// Where in the arguments somebody reads: a member or an element below another place. It becomes a
/// JSON Pointer only when something is wrong there. Lives on the stack of who descends.
class Place {
 public:
  /// How deep values may nest; a list in itself would else fill the stack.
  static constexpr std::size_t deepest = 256;

  explicit Place(const std::string& pointer) : pointer_(&pointer) {}
  /// Throws BadArguments when that is too deep.
  Place(const Place& above, std::string_view key);
  Place(const Place& above, std::size_t index);

  std::string pointer() const;
  [[noreturn]] void refuse(const std::string& reason) const;

 private:
  void descend();

  const std::string* pointer_ = nullptr;
  const Place* above_ = nullptr;
  std::string_view key_{};
  std::size_t index_ = 0;
  bool element_ = false;
  std::size_t depth_ = 0;
};

}  // namespace opsroom::tool::detail
