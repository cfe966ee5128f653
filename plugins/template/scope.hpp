#pragma once
#include "syntax.hpp"

#include <nlohmann/json.hpp>

#include <optional>

namespace opsroom::plugins::templates {

/// What one round of an each knows about itself. Members instead of an object, since there may be a
/// million of them.
struct Round {
  json index;
  json number;
  json first;
  json last;
  json key;

  const json* find(const std::string& name) const;
};

/// What names mean at one place of a template: the members of the innermost item first, then
/// outwards to the data. Lives on the stack while its body is rendered; keeps references only.
class Scope {
 public:
  /// The data itself.
  explicit Scope(const json& data) : item_(&data) {}
  /// One round of an each; `name` may be empty.
  Scope(const Scope& outer, const json& item, const std::string& name, const Round& round)
      : outer_(&outer), item_(&item), name_(&name), round_(&round) {}

  /// The value of a path, or null (as a pointer) when something on the way is not there. `problem`
  /// says then what.
  const json* find(const std::vector<std::string>& path, std::string& problem) const;

 private:
  const json* first(const std::string& name) const;
  std::string known_names() const;

  const Scope* outer_ = nullptr;
  const json* item_;
  const std::string* name_ = nullptr;
  const Round* round_ = nullptr;
};

}  // namespace opsroom::plugins::templates
