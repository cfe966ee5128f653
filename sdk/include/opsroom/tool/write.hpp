#pragma once
#include <opsroom/tool/fields.hpp>

namespace opsroom::tool {

/// A value as JSON. Every field of a struct is written, an empty std::optional as null, so that a
/// reader never has to tell "absent" from "none".
template <class T>
json write(const T& value) {
  using namespace detail;
  if constexpr (is_optional<T>) {
    return value ? write(*value) : json(nullptr);
  } else if constexpr (Described<T>) {
    json object = json::object();
    for_each_field<T>([&](const auto& field) { object[field.name] = write(value.*field.member); });
    return object;
  } else if constexpr (StringMap<T>) {
    json object = json::object();
    for (const auto& [key, each] : value)
      object[key] = write(each);
    return object;
  } else if constexpr (Sequence<T>) {
    json list = json::array();
    for (const auto& each : value)
      list.push_back(write<typename T::value_type>(each));
    return list;
  } else {
    return json(value);
  }
}

namespace detail {

/// Whether the caller may leave the field out; `start` is the struct's default-constructed value.
/// Compared as JSON, since a described struct need not have an operator==.
template <class Owner, class T>
bool may_be_absent(const Field<Owner, T>& field, const Owner& start) {
  if constexpr (is_optional<T>)
    return true;
  else
    return field.optional || write(start.*field.member) != write(T{});
}

}  // namespace detail
}  // namespace opsroom::tool
