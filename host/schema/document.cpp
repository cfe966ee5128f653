#include "schema/document.hpp"

#include "base/failure.hpp"
#include "schema/formats.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>

#include <charconv>

namespace opsroom::schema {
namespace {

constexpr int max_schema_depth = 150;
constexpr std::size_t max_schema_problems = 50;
constexpr std::size_t max_pattern_work = 1'000'000;

const std::string* text_of(const Json& schema, const char* key) {
  const auto found = schema.find(key);
  if (found == schema.end() || !found->is_string()) return nullptr;
  return &found->get_ref<const std::string&>();
}

const Json* child_by_token(const Json& parent, const std::string& token) {
  if (parent.is_object()) {
    const auto found = parent.find(token);
    return found == parent.end() ? nullptr : &*found;
  }
  if (!parent.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool number = error == std::errc() && end == token.data() + token.size();
  return number && index < parent.size() ? &parent[index] : nullptr;
}

}  // namespace

Document::Document(Json schema, bool assert_formats)
    : assert_formats_(assert_formats), root_(std::move(schema)) {
  resources_.push_back({"", &root_, {}, {}});
  by_uri_.emplace("", &resources_.front());
  walk(root_, {"", &resources_.front(), Dialect::draft2020, 0});
  resolve_references();
}

void Document::add_problem(
    const std::string& pointer, const std::string& keyword, std::string message
) {
  if (problems_.size() < max_schema_problems) {
    problems_.push_back({pointer, std::move(message), keyword});
  }
}

void Document::walk(const Json& schema, Place place) {
  if (schema.is_boolean()) {
    nodes_[&schema] = {place.pointer, place.resource, place.dialect, nullptr, nullptr, {}};
    return;
  }
  if (!schema.is_object()) {
    add_problem(place.pointer, "", "must be a schema: an object, true or false");
    return;
  }
  if (place.depth > max_schema_depth) {
    add_problem(place.pointer, "", fmt::format("is nested deeper than {}", max_schema_depth));
    return;
  }
  walk_object(schema, std::move(place));
}

void Document::walk_object(const Json& schema, Place place) {
  if (const std::string* uri = text_of(schema, "$schema")) place.dialect = dialect_of(*uri);
  const bool only_ref = place.dialect == Dialect::draft7 && text_of(schema, "$ref") != nullptr;
  if (!only_ref) {
    enter_resource(schema, place);
    register_anchors(schema, place);
  }
  nodes_[&schema] = {place.pointer, place.resource, place.dialect, nullptr, nullptr, {}};
  for (const auto& [keyword, value] : schema.items()) {
    if (only_ref && keyword != "$ref") continue;
    const Shape shape = shape_of(keyword, place.dialect);
    const std::size_t before = problems_.size();
    check_keyword(keyword, value, shape, place.pointer, problems_);
    if (problems_.size() > before) continue;
    keep_regexes(keyword, value, shape, place.pointer);
    if (keyword == "$ref") pending_.push_back({&schema, false});
    if (keyword == "$dynamicRef" && shape == Shape::reference) pending_.push_back({&schema, true});
    if (keyword.starts_with("unevaluated") && shape == Shape::schema) has_unevaluated_ = true;
    if (keyword == "format" && assert_formats_ && !knows_format(value.get<std::string>())) {
      add_problem(
          place.pointer + "/format",
          "format",
          fmt::format("the format \"{}\" cannot be checked", value.get<std::string>())
      );
    }
    for (const Child& child : children_of(keyword, value, shape)) {
      walk(
          *child.schema,
          {place.pointer + child.suffix, place.resource, place.dialect, place.depth + 1}
      );
    }
  }
}

void Document::enter_resource(const Json& schema, Place& place) {
  const std::string* id = text_of(schema, "$id");
  if (id == nullptr) return;
  const auto [own, fragment] = split_fragment(resolve_uri(place.resource->uri, *id));
  if (!fragment.empty() && place.dialect == Dialect::draft2020) {
    add_problem(place.pointer + "/$id", "$id", "$id must not have a fragment; use $anchor");
    return;
  }
  if (!id->starts_with('#')) {
    resources_.push_back({own, &schema, {}, {}});
    if (!by_uri_.emplace(own, &resources_.back()).second && !own.empty()) {
      add_problem(place.pointer + "/$id", "$id", fmt::format("\"{}\" is declared twice", own));
    }
    place.resource = &resources_.back();
  }
  if (!fragment.empty()) place.resource->anchors.emplace(fragment, &schema);
}

void Document::register_anchors(const Json& schema, const Place& place) {
  if (place.dialect != Dialect::draft2020) return;
  const auto add = [&](const char* keyword, std::map<std::string, const Json*>& to) {
    const std::string* name = text_of(schema, keyword);
    if (name == nullptr) return;
    if (!to.emplace(*name, &schema).second) {
      add_problem(
          place.pointer + "/" + keyword, keyword, fmt::format("\"{}\" is declared twice", *name)
      );
    }
  };
  add("$anchor", place.resource->anchors);
  add("$dynamicAnchor", place.resource->dynamic_anchors);
}

void Document::keep_regexes(
    std::string_view keyword, const Json& value, Shape shape, const std::string& pointer
) {
  const std::string here = pointer + "/" + escape_token(keyword);
  if (shape == Shape::pattern) keep_regex(value.get<std::string>(), keyword, here);
  if (shape != Shape::pattern_map) return;
  for (const auto& [pattern, child] : value.items())
    keep_regex(pattern, keyword, here + "/" + escape_token(pattern));
}

// A pattern is a small program: many of them make a large one, in memory and in time.
void Document::keep_regex(
    const std::string& pattern, std::string_view keyword, const std::string& pointer
) {
  if (regexes_.find(pattern) != regexes_.end()) return;
  if (pattern_work_ >= max_pattern_work) {
    add_problem(
        pointer,
        std::string(keyword),
        fmt::format("the patterns up to here need more than {} instructions", max_pattern_work)
    );
    return;
  }
  try {
    const Regex regex(pattern);
    pattern_work_ += regex.size();
    regexes_.emplace(pattern, regex);
  } catch (const Failure& failure) {
    pattern_work_ += Regex::max_size;
    add_problem(pointer, std::string(keyword), failure.message());
  }
}

void Document::resolve_references() {
  // Resolving may walk places that no keyword led to, and these may hold references again.
  for (std::size_t i = 0; i < pending_.size(); ++i)
    resolve(Pending(pending_[i]));
}

void Document::resolve(const Pending& pending) {
  const char* keyword = pending.dynamic ? "$dynamicRef" : "$ref";
  const std::string reference = *text_of(*pending.schema, keyword);
  const Node from = nodes_.at(pending.schema);
  const auto [uri, fragment] = split_fragment(resolve_uri(from.resource->uri, reference));
  const auto found = by_uri_.find(uri);
  const std::string where = from.pointer + "/" + keyword;
  if (found == by_uri_.end()) {
    add_problem(
        where,
        keyword,
        fmt::format("{} \"{}\" leads out of the document; nothing is fetched", keyword, reference)
    );
    return;
  }
  Resource* resource = found->second;
  const Json* target = find_target(*resource, fragment);
  if (target == nullptr || nodes_.find(target) == nodes_.end()) {
    add_problem(where, keyword, fmt::format("{} \"{}\" leads nowhere", keyword, reference));
    return;
  }
  Node& node = nodes_.at(pending.schema);
  (pending.dynamic ? node.dynamic_ref : node.ref) = target;
  if (pending.dynamic && resource->dynamic_anchors.count(fragment) != 0) {
    node.dynamic_name = fragment;
  }
}

const Json* Document::find_target(Resource& resource, const std::string& fragment) {
  if (fragment.empty()) return resource.root;
  if (fragment.starts_with('/')) return by_pointer(resource, fragment);
  if (const auto found = resource.anchors.find(fragment); found != resource.anchors.end()) {
    return found->second;
  }
  const auto found = resource.dynamic_anchors.find(fragment);
  return found == resource.dynamic_anchors.end() ? nullptr : found->second;
}

const Json* Document::by_pointer(Resource& resource, const std::string& pointer) {
  const Json* at = resource.root;
  Node nearest = nodes_.at(at);
  std::string path = nearest.pointer;
  std::size_t begin = 1;
  while (begin <= pointer.size()) {
    const std::size_t end = std::min(pointer.find('/', begin), pointer.size());
    const std::string token = unescape_token(pointer.substr(begin, end - begin));
    at = child_by_token(*at, token);
    if (at == nullptr) return nullptr;
    path += "/" + escape_token(token);
    if (const auto found = nodes_.find(at); found != nodes_.end()) nearest = found->second;
    begin = end + 1;
  }
  if (nodes_.find(at) == nodes_.end()) {
    auto* owner = const_cast<Resource*>(nearest.resource);  // it is one of resources_
    walk(*at, {path, owner, nearest.dialect, 0});
  }
  return at;
}

}  // namespace opsroom::schema
