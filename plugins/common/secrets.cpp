#include "common/secrets.hpp"

#include <algorithm>

namespace opsroom::plugins {
namespace {

constexpr std::size_t shortest = 4;

}  // namespace

std::string Secrets::get(const std::string& name) {
  std::string value = call_.secret(name);
  if (value.empty())
    throw std::runtime_error("the secret " + name + " is empty: set it where opsroom is started");
  also(name, value);
  return value;
}

void Secrets::also(const std::string& name, std::string form) {
  if (form.size() < shortest) return;
  // The longest first: the rest of a secret that begins with another one would stay.
  const auto place = std::find_if(known_.begin(), known_.end(), [&form](const auto& other) {
    return other.first.size() < form.size();
  });
  known_.insert(place, {std::move(form), name});
}

std::string Secrets::redacted(std::string text) const {
  for (const auto& [value, name] : known_) {
    const std::string instead = "[redacted:" + name + "]";
    for (std::size_t at = text.find(value); at != std::string::npos;
         at = text.find(value, at + instead.size()))
      text.replace(at, value.size(), instead);
  }
  return text;
}

tool::json Secrets::redacted(const tool::json& value) const {
  if (known_.empty()) return value;
  if (value.is_string()) return redacted(value.get<std::string>());
  tool::json made = value;
  if (value.is_array()) {
    for (auto& each : made)
      each = redacted(each);
  } else if (value.is_object()) {
    made = tool::json::object();
    for (const auto& [key, each] : value.items())
      made[redacted(key)] = redacted(each);
  }
  return made;
}

}  // namespace opsroom::plugins
