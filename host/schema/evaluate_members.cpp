#include "base/text.hpp"
#include "schema/evaluate.hpp"

#include <fmt/format.h>

namespace opsroom::schema {
namespace {

std::size_t size_or(const Json& schema, const char* key, std::size_t fallback) {
  const auto found = schema.find(key);
  if (found == schema.end()) return fallback;
  return static_cast<std::size_t>(found->get<double>());
}

std::string unknown_property(const Json& schema, const std::string& name) {
  std::vector<std::string> known;
  if (const auto found = schema.find("properties"); found != schema.end()) {
    for (const auto& [key, value] : found->items())
      known.push_back(key);
  }
  std::string text = fmt::format("property \"{}\" is not known here", name);
  if (const auto near = nearest(name, known)) text += fmt::format("; did you mean \"{}\"?", *near);
  return text;
}

}  // namespace

void Evaluation::properties(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object()) return;
  for (const auto& [name, schema] : keyword.items()) {
    const auto found = frame.value.find(name);
    if (found == frame.value.end()) continue;
    if (!apply_to_member(schema, *found, name)) frame.valid = false;
    if (track_) frame.seen.properties.insert(name);
    if (done(frame)) return;
  }
}

void Evaluation::pattern_properties(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object()) return;
  for (const auto& [pattern, schema] : keyword.items()) {
    for (const auto& [name, member] : frame.value.items()) {
      if (!matches(pattern, name)) continue;
      if (!apply_to_member(schema, member, name)) frame.valid = false;
      if (track_) frame.seen.properties.insert(name);
      if (done(frame)) return;
    }
  }
}

bool Evaluation::has_named_property(const Json& schema, const std::string& name) {
  const auto named = schema.find("properties");
  if (named != schema.end() && named->contains(name)) return true;
  const auto patterns = schema.find("patternProperties");
  if (patterns == schema.end()) return false;
  for (const auto& [pattern, ignored] : patterns->items()) {
    if (matches(pattern, name)) return true;
  }
  return false;
}

void Evaluation::reject_or_apply(
    Frame& frame, const char* keyword, const Json& schema, const std::string& name
) {
  if (schema.is_boolean() && !schema.get<bool>()) {
    spend();
    fail_at(frame, keyword, name, unknown_property(frame.schema, name));
  } else if (!apply_to_member(schema, frame.value.at(name), name)) {
    frame.valid = false;
  }
}

void Evaluation::additional_properties(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object()) return;
  for (const auto& [name, member] : frame.value.items()) {
    if (has_named_property(frame.schema, name)) continue;
    reject_or_apply(frame, "additionalProperties", keyword, name);
    if (done(frame)) return;
  }
  frame.seen.all_properties = true;
}

void Evaluation::unevaluated_properties(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object() || frame.seen.all_properties) return;
  for (const auto& [name, member] : frame.value.items()) {
    if (frame.seen.properties.count(name) != 0) continue;
    reject_or_apply(frame, "unevaluatedProperties", keyword, name);
    if (done(frame)) return;
  }
  frame.seen.all_properties = true;
}

void Evaluation::property_names(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object()) return;
  for (const auto& [name, member] : frame.value.items()) {
    std::vector<Problem> reasons;
    const Json as_value = name;
    if (attempt(keyword, as_value, nullptr, &reasons)) continue;
    const std::string why = reasons.empty() ? "it does not fit" : reasons.front().message;
    fail_at(frame, "propertyNames", name, fmt::format("the name \"{}\": {}", name, why));
    if (done(frame)) return;
  }
}

void Evaluation::dependent_schemas(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object()) return;
  for (const auto& [name, schema] : keyword.items()) {
    if (frame.value.contains(name)) in_place(frame, schema);
    if (done(frame)) return;
  }
}

void Evaluation::require_all(Frame& frame, const std::string& because, const Json& names) {
  for (const Json& name : names) {
    const auto& text = name.get_ref<const std::string&>();
    if (frame.value.contains(text)) continue;
    fail(
        frame,
        "dependentRequired",
        fmt::format("required property \"{}\" is missing (\"{}\" needs it)", text, because)
    );
  }
}

void Evaluation::dependent_required(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object()) return;
  for (const auto& [name, names] : keyword.items()) {
    if (frame.value.contains(name)) require_all(frame, name, names);
  }
}

void Evaluation::dependencies(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object()) return;
  for (const auto& [name, dependency] : keyword.items()) {
    if (!frame.value.contains(name)) continue;
    if (dependency.is_array()) {
      require_all(frame, name, dependency);
    } else {
      in_place(frame, dependency);
    }
    if (done(frame)) return;
  }
}

void Evaluation::required(Frame& frame, const Json& keyword) {
  if (!frame.value.is_object()) return;
  for (const Json& name : keyword) {
    const auto& text = name.get_ref<const std::string&>();
    if (!frame.value.contains(text)) {
      fail(frame, "required", fmt::format("required property \"{}\" is missing", text));
    }
  }
}

void Evaluation::apply_list(Frame& frame, const Json& schemas) {
  const std::size_t count = std::min(schemas.size(), frame.value.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (!apply_to_member(schemas[i], frame.value[i], std::to_string(i))) frame.valid = false;
    if (done(frame)) return;
  }
  frame.seen.first_items = std::max(frame.seen.first_items, count);
}

void Evaluation::apply_rest(
    Frame& frame, const char* keyword, const Json& schema, std::size_t from
) {
  const bool none_allowed = schema.is_boolean() && !schema.get<bool>();
  for (std::size_t i = from; i < frame.value.size(); ++i) {
    if (none_allowed) {
      fail_at(frame, keyword, std::to_string(i), fmt::format("only {} items are allowed", from));
      return;
    }
    if (!apply_to_member(schema, frame.value[i], std::to_string(i))) frame.valid = false;
    if (done(frame)) return;
  }
  frame.seen.all_items = true;
}

void Evaluation::prefix_items(Frame& frame, const Json& keyword) {
  if (frame.value.is_array()) apply_list(frame, keyword);
}

void Evaluation::items(Frame& frame, const Json& keyword) {
  if (!frame.value.is_array()) return;
  if (keyword.is_array()) {
    apply_list(frame, keyword);
    return;
  }
  std::size_t from = 0;
  if (frame.node.dialect == Dialect::draft2020) {
    const auto prefix = frame.schema.find("prefixItems");
    if (prefix != frame.schema.end()) from = prefix->size();
  }
  apply_rest(frame, "items", keyword, from);
}

void Evaluation::additional_items(Frame& frame, const Json& keyword) {
  const auto list = frame.schema.find("items");
  if (!frame.value.is_array() || list == frame.schema.end() || !list->is_array()) return;
  apply_rest(frame, "additionalItems", keyword, list->size());
}

void Evaluation::unevaluated_items(Frame& frame, const Json& keyword) {
  if (!frame.value.is_array() || frame.seen.all_items) return;
  for (std::size_t i = frame.seen.first_items; i < frame.value.size(); ++i) {
    if (frame.seen.items.count(i) != 0) continue;
    if (!apply_to_member(keyword, frame.value[i], std::to_string(i))) frame.valid = false;
    if (done(frame)) return;
  }
  frame.seen.all_items = true;
}

void Evaluation::contains(Frame& frame, const Json& keyword) {
  if (!frame.value.is_array()) return;
  const bool counted = frame.node.dialect == Dialect::draft2020;
  const std::size_t low = counted ? size_or(frame.schema, "minContains", 1) : 1;
  const std::size_t no_limit = frame.value.size();
  const std::size_t high = counted ? size_or(frame.schema, "maxContains", no_limit) : no_limit;
  std::size_t count = 0;
  for (std::size_t i = 0; i < frame.value.size(); ++i) {
    if (!attempt(keyword, frame.value[i], nullptr)) continue;
    ++count;
    if (track_ && counted) frame.seen.items.insert(i);
  }
  if (count < low) {
    fail(frame, "contains", fmt::format("{} items fit `contains`, at least {} must", count, low));
  } else if (count > high) {
    fail(frame, "maxContains", fmt::format("{} items fit `contains`, at most {} may", count, high));
  }
}

}  // namespace opsroom::schema
