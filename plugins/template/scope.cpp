#include "scope.hpp"

#include <charconv>

namespace opsroom::plugins::templates {
namespace {

constexpr std::size_t most_names_told = 12;

std::string member_names(const json& object) {
  std::string names;
  std::size_t count = 0;
  for (const auto& [name, ignored] : object.items()) {
    if (++count > most_names_told) return names + ", ...";
    names += (names.empty() ? "" : ", ") + name;
  }
  return names.empty() ? "nothing" : names;
}

const json* element(const json& list, const std::string& text) {
  std::size_t index = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, index);
  if (error != std::errc{} || stop != end || index >= list.size()) return nullptr;
  return &list[index];
}

const json* member(const json& value, const std::string& name) {
  if (value.is_array()) return element(value, name);
  if (!value.is_object()) return nullptr;
  const auto found = value.find(name);
  return found == value.end() ? nullptr : &*found;
}

std::string why_not(const json& value, const std::string& shown, const std::string& name) {
  if (value.is_object())
    return "there is no '" + name + "' in '" + shown + "', which has: " + member_names(value);
  if (value.is_array())
    return "'" + name + "' is no element of '" + shown + "', a list of " +
           std::to_string(value.size());
  return "'" + shown + "' is no object, so it has no '" + name + "'";
}

}  // namespace

const json* Round::find(const std::string& name) const {
  if (name == "@index") return &index;
  if (name == "@number") return &number;
  if (name == "@first") return &first;
  if (name == "@last") return &last;
  return name == "@key" ? &key : nullptr;
}

const json* Scope::first(const std::string& name) const {
  if (name == "this") return item_;
  if (name.starts_with('@')) {
    if (round_ != nullptr)
      if (const json* found = round_->find(name)) return found;
  } else {
    if (name_ != nullptr && name == *name_) return item_;
    if (item_->is_object())
      if (const json* found = member(*item_, name)) return found;
  }
  return outer_ == nullptr ? nullptr : outer_->first(name);
}

std::string Scope::known_names() const {
  if (outer_ == nullptr) return item_->is_object() ? member_names(*item_) : "nothing";
  std::string names = outer_->known_names();
  if (item_->is_object()) names = member_names(*item_) + "; around it: " + names;
  return names;
}

const json* Scope::find(const std::vector<std::string>& path, std::string& problem) const {
  const json* value = first(path.front());
  if (value == nullptr) {
    problem = path.front().starts_with('@')
                  ? "'" + path.front() + "' is not known here"
                  : "there is no '" + path.front() + "' in the data, which has: " + known_names();
    return nullptr;
  }
  std::string shown = path.front();
  for (std::size_t i = 1; i < path.size(); ++i) {
    const json* next = member(*value, path[i]);
    if (next == nullptr) {
      problem = why_not(*value, shown, path[i]);
      return nullptr;
    }
    shown += "." + path[i];
    value = next;
  }
  return value;
}

}  // namespace opsroom::plugins::templates
