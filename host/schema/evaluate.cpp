#include "schema/evaluate.hpp"

#include "base/failure.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>

#include <unordered_map>

namespace opsroom::schema {

void Seen::merge(const Seen& other) {
  all_properties |= other.all_properties;
  all_items |= other.all_items;
  first_items = std::max(first_items, other.first_items);
  properties.insert(other.properties.begin(), other.properties.end());
  items.insert(other.items.begin(), other.items.end());
}

Evaluation::Evaluation(const Document& document, const Options& options)
    : document_(document),
      options_(options),
      track_(document.has_unevaluated()),
      work_(options.max_work) {}

std::vector<Problem> Evaluation::run(const Json& value) {
  try {
    apply(document_.root(), value, nullptr);
  } catch (const GaveUp& limit) {
    return {{pointer_, "could not be checked: " + limit.why, ""}};
  }
  return std::move(problems_);
}

Evaluation::Handler Evaluation::handler_for(const std::string& keyword) {
  static const std::unordered_map<std::string, Handler> handlers = {
      {"$ref", &Evaluation::ref},
      {"$dynamicRef", &Evaluation::dynamic_ref},
      {"allOf", &Evaluation::all_of},
      {"anyOf", &Evaluation::any_of},
      {"oneOf", &Evaluation::one_of},
      {"not", &Evaluation::not_schema},
      {"if", &Evaluation::if_then_else},
      {"properties", &Evaluation::properties},
      {"patternProperties", &Evaluation::pattern_properties},
      {"additionalProperties", &Evaluation::additional_properties},
      {"propertyNames", &Evaluation::property_names},
      {"dependentSchemas", &Evaluation::dependent_schemas},
      {"dependentRequired", &Evaluation::dependent_required},
      {"dependencies", &Evaluation::dependencies},
      {"prefixItems", &Evaluation::prefix_items},
      {"items", &Evaluation::items},
      {"additionalItems", &Evaluation::additional_items},
      {"contains", &Evaluation::contains},
      {"type", &Evaluation::type},
      {"enum", &Evaluation::enumeration},
      {"const", &Evaluation::constant},
      {"multipleOf", &Evaluation::multiple_of},
      {"maximum", &Evaluation::maximum},
      {"minimum", &Evaluation::minimum},
      {"exclusiveMaximum", &Evaluation::exclusive_maximum},
      {"exclusiveMinimum", &Evaluation::exclusive_minimum},
      {"maxLength", &Evaluation::max_length},
      {"minLength", &Evaluation::min_length},
      {"pattern", &Evaluation::pattern},
      {"format", &Evaluation::format},
      {"maxItems", &Evaluation::max_items},
      {"minItems", &Evaluation::min_items},
      {"uniqueItems", &Evaluation::unique_items},
      {"maxProperties", &Evaluation::max_properties},
      {"minProperties", &Evaluation::min_properties},
      {"required", &Evaluation::required},
  };
  const auto found = handlers.find(keyword);
  return found == handlers.end() ? nullptr : found->second;
}

void Evaluation::spend(std::size_t amount) {
  if (work_ < amount) {
    throw GaveUp{fmt::format("it takes more than {} steps", options_.max_work)};
  }
  work_ -= amount;
}

void Evaluation::record(Problem problem) {
  if (quiet_ == 0 && problems_.size() < options_.max_problems) {
    problems_.push_back(std::move(problem));
  }
}

void Evaluation::fail(Frame& frame, const char* keyword, std::string message) {
  frame.valid = false;
  if (quiet_ == 0) record({pointer_, std::move(message), keyword});
}

void Evaluation::fail_at(
    Frame& frame, const char* keyword, const std::string& token, std::string message
) {
  frame.valid = false;
  if (quiet_ == 0) record({pointer_ + "/" + escape_token(token), std::move(message), keyword});
}

bool Evaluation::apply(const Json& schema, const Json& value, Seen* seen) {
  spend();
  if (schema.is_boolean()) {
    const bool allowed = schema.get<bool>();
    if (!allowed) record({pointer_, "is not allowed here", "false"});
    return allowed;
  }
  if (depth_ >= options_.max_depth) {
    throw GaveUp{fmt::format("its schema nests deeper than {}", options_.max_depth)};
  }
  Frame frame{schema, value, document_.node(schema), {}};
  const bool new_resource = scope_.empty() || scope_.back() != frame.node.resource;
  if (new_resource) scope_.push_back(frame.node.resource);
  ++depth_;
  apply_keywords(frame);
  --depth_;
  if (new_resource) scope_.pop_back();
  if (frame.valid && seen != nullptr) seen->merge(frame.seen);
  return frame.valid;
}

void Evaluation::apply_keywords(Frame& frame) {
  if (frame.node.dialect == Dialect::draft7 && frame.node.ref != nullptr) {
    in_place(frame, *frame.node.ref);
    return;
  }
  for (const auto& [keyword, value] : frame.schema.items()) {
    if (shape_of(keyword, frame.node.dialect) == Shape::anything && keyword != "const") continue;
    if (const Handler handler = handler_for(keyword)) (this->*handler)(frame, value);
    if (done(frame)) return;
  }
  if (!track_) return;
  apply_late(frame, "unevaluatedProperties", &Evaluation::unevaluated_properties);
  apply_late(frame, "unevaluatedItems", &Evaluation::unevaluated_items);
}

void Evaluation::apply_late(Frame& frame, const char* keyword, Handler handler) {
  if (frame.node.dialect != Dialect::draft2020) return;
  const auto found = frame.schema.find(keyword);
  if (found != frame.schema.end()) (this->*handler)(frame, *found);
}

bool Evaluation::apply_to_member(const Json& schema, const Json& value, const std::string& token) {
  const std::size_t length = pointer_.size();
  pointer_ += "/" + escape_token(token);
  const bool valid = apply(schema, value, nullptr);
  pointer_.resize(length);
  return valid;
}

bool Evaluation::attempt(
    const Json& schema, const Json& value, Seen* seen, std::vector<Problem>* captured
) {
  if (captured == nullptr || quiet_ > 0) {
    ++quiet_;
    const bool valid = apply(schema, value, seen);
    --quiet_;
    return valid;
  }
  problems_.swap(*captured);
  const bool valid = apply(schema, value, seen);
  problems_.swap(*captured);
  return valid;
}

void Evaluation::in_place(Frame& frame, const Json& schema) {
  if (!apply(schema, frame.value, &frame.seen)) frame.valid = false;
}

bool Evaluation::matches(const std::string& pattern, const std::string& text) {
  try {
    return document_.regex(pattern).matches(text, work_);
  } catch (const Failure& failure) {
    throw GaveUp{fmt::format("{} (pattern \"{}\")", failure.message(), pattern)};
  }
}

void Evaluation::ref(Frame& frame, const Json&) {
  in_place(frame, *frame.node.ref);
}

void Evaluation::dynamic_ref(Frame& frame, const Json&) {
  const Json* target = frame.node.dynamic_ref;
  if (!frame.node.dynamic_name.empty()) {
    for (const Document::Resource* resource : scope_) {
      const auto found = resource->dynamic_anchors.find(frame.node.dynamic_name);
      if (found == resource->dynamic_anchors.end()) continue;
      target = found->second;
      break;
    }
  }
  in_place(frame, *target);
}

void Evaluation::all_of(Frame& frame, const Json& keyword) {
  for (const Json& schema : keyword) {
    in_place(frame, schema);
    if (done(frame)) return;
  }
}

std::string Evaluation::branch_reasons(const std::vector<std::vector<Problem>>& branches) const {
  std::string text;
  for (std::size_t i = 0; i < branches.size() && i < 4; ++i) {
    if (branches[i].empty()) continue;
    const Problem& first = branches[i].front();
    const std::string below = first.pointer.substr(std::min(pointer_.size(), first.pointer.size()));
    text += fmt::format(
        "{}{}{}{}", text.empty() ? "" : "; or ", below, below.empty() ? "" : ": ", first.message
    );
  }
  return text;
}

void Evaluation::any_of(Frame& frame, const Json& keyword) {
  bool fits = false;
  std::vector<std::vector<Problem>> branches;
  for (const Json& schema : keyword) {
    fits |= attempt(schema, frame.value, &frame.seen, &branches.emplace_back());
    if (fits && !track_) return;
  }
  if (!fits) fail(frame, "anyOf", "fits none of the alternatives: " + branch_reasons(branches));
}

void Evaluation::one_of(Frame& frame, const Json& keyword) {
  std::size_t fits = 0;
  std::vector<std::vector<Problem>> branches;
  for (const Json& schema : keyword) {
    if (attempt(schema, frame.value, &frame.seen, &branches.emplace_back())) ++fits;
  }
  if (fits == 0) {
    fail(frame, "oneOf", "fits none of the alternatives: " + branch_reasons(branches));
  } else if (fits > 1) {
    fail(frame, "oneOf", fmt::format("fits {} alternatives where exactly one is allowed", fits));
  }
}

void Evaluation::not_schema(Frame& frame, const Json& keyword) {
  if (attempt(keyword, frame.value, nullptr)) fail(frame, "not", "is of a form that is excluded");
}

void Evaluation::if_then_else(Frame& frame, const Json& keyword) {
  const bool condition = attempt(keyword, frame.value, &frame.seen);
  const auto branch = frame.schema.find(condition ? "then" : "else");
  if (branch != frame.schema.end()) in_place(frame, *branch);
}

}  // namespace opsroom::schema
