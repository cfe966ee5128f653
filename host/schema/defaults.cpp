#include "schema/uri.hpp"
#include "schema/validator.hpp"

namespace opsroom::schema {
namespace {

constexpr int max_depth = 60;

/// Follows the schema beside the value. References are looked up by pointer alone, which is what
/// schemas with defaults use; others contribute none.
class Filler {
 public:
  explicit Filler(const Json& root) : root_(root) {}

  void fill(const Json& schema, Json& value, int depth) {
    if (!schema.is_object() || depth > max_depth || work_-- == 0) return;
    if (const Json* target = referenced(schema)) fill(*target, value, depth + 1);
    if (const auto all = schema.find("allOf"); all != schema.end() && all->is_array()) {
      for (const Json& part : *all)
        fill(part, value, depth + 1);
    }
    if (value.is_object()) fill_properties(schema, value, depth);
    if (value.is_array()) fill_items(schema, value, depth);
  }

 private:
  const Json* referenced(const Json& schema) const {
    const auto ref = schema.find("$ref");
    if (ref == schema.end() || !ref->is_string()) return nullptr;
    const auto [uri, fragment] = split_fragment(ref->get_ref<const std::string&>());
    if (!uri.empty()) return nullptr;
    try {
      return &root_.at(Json::json_pointer(fragment));
    } catch (const Json::exception&) {
      return nullptr;  // an anchor; Validator judges whether it exists
    }
  }

  const Json* default_of(const Json& schema, int depth) const {
    if (!schema.is_object() || depth > max_depth) return nullptr;
    if (const auto own = schema.find("default"); own != schema.end()) return &*own;
    const Json* target = referenced(schema);
    return target == nullptr ? nullptr : default_of(*target, depth + 1);
  }

  void fill_properties(const Json& schema, Json& value, int depth) {
    const auto properties = schema.find("properties");
    if (properties == schema.end() || !properties->is_object()) return;
    for (const auto& [name, property] : properties->items()) {
      if (!value.contains(name)) {
        const Json* fallback = default_of(property, depth);
        if (fallback == nullptr) continue;
        value[name] = *fallback;
      }
      fill(property, value[name], depth + 1);
    }
  }

  void fill_items(const Json& schema, Json& value, int depth) {
    const auto items = schema.find("items");
    if (items == schema.end() || !items->is_object()) return;
    for (Json& item : value)
      fill(*items, item, depth + 1);
  }

  const Json& root_;
  std::size_t work_ = 1'000'000;
};

}  // namespace

Json with_defaults(const Json& schema, Json value) {
  Filler(schema).fill(schema, value, 0);
  return value;
}

}  // namespace opsroom::schema
