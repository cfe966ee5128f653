#pragma once
#include <opsroom/tool/fields.hpp>

namespace opsroom::tool {

namespace detail {

template <DescribedEnum Enum>
const char* enum_name(Enum value) {
  for (const Named<Enum>& each : describe(value))
    if (each.value == value) return each.name;
  throw std::logic_error(
      "the enum value " + std::to_string(static_cast<long long>(value)) + " has no name"
  );
}

}  // namespace detail

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
  } else if constexpr (is_variant<T>) {
    return std::visit([](const auto& held) { return write(held); }, value);
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    return nullptr;
  } else if constexpr (DescribedEnum<T>) {
    return enum_name(value);
  } else {
    static_assert(!std::is_enum_v<T>, "give this enum a describe() function beside it");
    return json(value);
  }
}

namespace detail {

/// Whether the caller may leave the field out; `start` is the struct's default-constructed value.
/// Compared as JSON, since a described struct need not have an operator==. The field may be one of
/// a base class of the struct.
template <class Owner, class T>
bool may_be_absent(const Field<Owner, T>& field, const std::type_identity_t<Owner>& start) {
  if constexpr (is_optional<T>)
    return true;
  else if constexpr (std::is_enum_v<T>)
    return field.optional || start.*field.member != T{};
  else
    return field.optional || write(start.*field.member) != write(T{});
}

}  // namespace detail
}  // namespace opsroom::tool
