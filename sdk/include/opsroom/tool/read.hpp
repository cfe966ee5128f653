#pragma once
#include <cmath>
#include <limits>
#include <opsroom/tool/fields.hpp>
#include <opsroom/tool/limits.hpp>
#include <opsroom/tool/write.hpp>
#include <utility>

namespace opsroom::tool {

/// Turns JSON into a T, or throws BadArguments that points at the first value that does not fit.
/// `pointer` is where `value` stands in the arguments.
template <class T>
T read(const json& value, const std::string& pointer = "");

namespace detail {

[[noreturn]] inline void wrong_type(
    const std::string& pointer, const char* expected, const json& value
) {
  throw BadArguments(pointer, std::string("expected ") + expected + ", got " + shown(value));
}

template <class T>
T integer_in_range(auto number, const std::string& pointer, const json& value) {
  if (std::in_range<T>(number)) return static_cast<T>(number);
  throw BadArguments(
      pointer,
      shown(value) + " is out of range " + std::to_string(std::numeric_limits<T>::min()) + " to " +
          std::to_string(std::numeric_limits<T>::max())
  );
}

template <class T>
T read_integer(const json& value, const std::string& pointer) {
  if (value.is_number_unsigned())
    return integer_in_range<T>(value.get<std::uint64_t>(), pointer, value);
  if (value.is_number_integer())
    return integer_in_range<T>(value.get<std::int64_t>(), pointer, value);
  // JSON Schema counts 3.0 as an integer, and so do clients that know only doubles.
  constexpr double beyond = 9223372036854775808.0;
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::trunc(number) == number && std::abs(number) < beyond)
      return integer_in_range<T>(static_cast<std::int64_t>(number), pointer, value);
  }
  wrong_type(pointer, "an integer", value);
}

template <class Struct>
std::string field_names() {
  std::string names;
  for_each_field<Struct>([&](const auto& field) {
    names += (names.empty() ? "" : ", ") + std::string(field.name);
  });
  return names.empty() ? "nothing" : names;
}

template <class Struct>
void refuse_unknown_fields(const json& value, const std::string& pointer) {
  for (const auto& [key, ignored] : value.items()) {
    bool known = false;
    for_each_field<Struct>([&](const auto& field) { known = known || key == field.name; });
    if (!known)
      throw BadArguments(
          child(pointer, key), "is not known here; allowed: " + field_names<Struct>()
      );
  }
}

template <class Struct>
Struct read_struct(const json& value, const std::string& pointer) {
  if (!value.is_object()) wrong_type(pointer, "an object", value);
  refuse_unknown_fields<Struct>(value, pointer);
  Struct made{};
  const Struct start{};
  for_each_field<Struct>([&](const auto& field) {
    using T = typename std::decay_t<decltype(field)>::value_type;
    const std::string here = child(pointer, field.name);
    if (const auto found = value.find(field.name); found != value.end()) {
      made.*field.member = read<T>(*found, here);
      check_limits(field, made.*field.member, here);
    } else if (!may_be_absent(field, start)) {
      throw BadArguments(here, "is missing");
    }
  });
  return made;
}

template <class Map>
Map read_map(const json& value, const std::string& pointer) {
  if (!value.is_object()) wrong_type(pointer, "an object", value);
  Map made;
  for (const auto& [key, each] : value.items())
    made.emplace(key, read<typename Map::mapped_type>(each, child(pointer, key)));
  return made;
}

template <class List>
List read_list(const json& value, const std::string& pointer) {
  if (!value.is_array()) wrong_type(pointer, "an array", value);
  List made;
  for (const auto& each : value)
    made.push_back(
        read<typename List::value_type>(each, child(pointer, std::to_string(made.size())))
    );
  return made;
}

template <DescribedEnum Enum>
Enum read_enum(const json& value, const std::string& pointer) {
  if (!value.is_string()) wrong_type(pointer, "a string", value);
  std::string names;
  for (const Named<Enum>& each : describe(Enum{})) {
    if (value.get_ref<const std::string&>() == each.name) return each.value;
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  throw BadArguments(pointer, "must be one of " + names + ", got " + shown(value));
}

/// The first alternative that fits, in the order they are declared; else why none does.
template <class Variant>
Variant read_variant(const json& value, const std::string& pointer) {
  std::optional<Variant> made;
  std::string reasons;
  const auto attempt = [&]<std::size_t index>(std::integral_constant<std::size_t, index>) {
    if (made) return;
    try {
      made.emplace(
          std::in_place_index<index>,
          read<std::variant_alternative_t<index, Variant>>(value, pointer)
      );
    } catch (const BadArguments& error) {
      reasons += (reasons.empty() ? "" : "; ") + std::string("(") + std::to_string(index + 1) +
                 ") " + (error.pointer() == pointer ? error.reason() : error.what());
    }
  };
  [&]<std::size_t... index>(std::index_sequence<index...>) {
    (attempt(std::integral_constant<std::size_t, index>()), ...);
  }(std::make_index_sequence<std::variant_size_v<Variant>>());
  if (made) return *std::move(made);
  throw BadArguments(pointer, "fits none of the alternatives: " + reasons);
}

}  // namespace detail

template <class T>
T read(const json& value, const std::string& pointer) {
  using namespace detail;
  if constexpr (std::is_same_v<T, json>) {
    return value;
  } else if constexpr (std::is_same_v<T, std::string>) {
    if (!value.is_string()) wrong_type(pointer, "a string", value);
    return value.get<std::string>();
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) wrong_type(pointer, "true or false", value);
    return value.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    return read_integer<T>(value, pointer);
  } else if constexpr (std::is_floating_point_v<T>) {
    if (!value.is_number()) wrong_type(pointer, "a number", value);
    return value.get<T>();
  } else if constexpr (is_optional<T>) {
    if (value.is_null()) return std::nullopt;
    return read<typename T::value_type>(value, pointer);
  } else if constexpr (is_variant<T>) {
    return read_variant<T>(value, pointer);
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    if (!value.is_null()) wrong_type(pointer, "null", value);
    return {};
  } else if constexpr (DescribedEnum<T>) {
    return read_enum<T>(value, pointer);
  } else if constexpr (Described<T>) {
    return read_struct<T>(value, pointer);
  } else if constexpr (StringMap<T>) {
    return read_map<T>(value, pointer);
  } else if constexpr (Sequence<T>) {
    return read_list<T>(value, pointer);
  } else {
    static_assert(unsupported<T>, "give this type a static fields() table, or use nlohmann::json");
  }
}

}  // namespace opsroom::tool
