#pragma once

#include "base/json.hpp"

#include <string>

namespace opsroom::tools {

/// Fields of objects that somebody else wrote: what is missing or of another kind is just not
/// there.
inline const Json* field(const Json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

inline std::string text_field(const Json& object, const char* key) {
  const Json* value = field(object, key);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

/// Null when there is no object.
inline const Json* object_field(const Json& object, const char* key) {
  const Json* value = field(object, key);
  return value != nullptr && value->is_object() ? value : nullptr;
}

}  // namespace opsroom::tools
