#pragma once
#include <cstddef>
#include <cstdint>
#include <opsroom/tool/shape.hpp>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace opsroom::tool::detail {

template <class T>
const Shape& shape_of();

template <class T>
void with_fresh(Look look) {
  const T value{};
  look(&value);
}

template <class T>
void start_over(void* value) {
  static_assert(
      std::is_move_assignable_v<T>, "a described struct must be assignable: no const members"
  );
  *static_cast<T*>(value) = T{};
}

template <class T>
const Shape& maybe_shape() {
  static constexpr MaybeShape shape{
      {Kind::maybe},
      &shape_of<typename T::value_type>,
      [](void* maybe) { static_cast<T*>(maybe)->reset(); },
      [](void* maybe) -> void* { return &static_cast<T*>(maybe)->emplace(); },
      [](const void* maybe) -> const void* {
        const T& value = *static_cast<const T*>(maybe);
        return value ? &*value : nullptr;
      }
  };
  return shape;
}

template <class T>
const Shape& list_shape() {
  using Element = typename T::value_type;
  static constexpr ListShape shape{
      {Kind::list},
      &shape_of<Element>,
      [](void* list) { static_cast<T*>(list)->clear(); },
      [](void* list, Fill fill) {
        Element element{};
        fill(&element);
        static_cast<T*>(list)->push_back(std::move(element));
      },
      [](const void* list, Look look) {
        for (const Element& each : *static_cast<const T*>(list))
          look(&each);
      },
      [](const void* list) -> std::size_t { return static_cast<const T*>(list)->size(); }
  };
  return shape;
}

template <class T>
const Shape& map_shape() {
  static constexpr MapShape shape{
      {Kind::map},
      &shape_of<typename T::mapped_type>,
      [](void* map) { static_cast<T*>(map)->clear(); },
      [](void* map, const std::string& key, Fill fill) {
        typename T::mapped_type value{};
        fill(&value);
        static_cast<T*>(map)->emplace(key, std::move(value));
      },
      [](const void* map, LookMember look) {
        for (const auto& [key, value] : *static_cast<const T*>(map))
          look(key, &value);
      },
      [](const void* map) -> std::size_t { return static_cast<const T*>(map)->size(); }
  };
  return shape;
}

template <class Variant, std::size_t index>
constexpr VariantShape::Alternative alternative() {
  using T = std::variant_alternative_t<index, Variant>;
  return {
      &shape_of<T>,
      [](void* variant, Fill fill) {
        T value{};
        fill(&value);
        static_cast<Variant*>(variant)->template emplace<index>(std::move(value));
      },
      [](const void* variant) -> const void* {
        return std::get_if<index>(static_cast<const Variant*>(variant));
      }
  };
}

template <class T>
const Shape& variant_shape() {
  constexpr std::size_t count = std::variant_size_v<T>;
  return []<std::size_t... index>(std::index_sequence<index...>) -> const Shape& {
    static constexpr VariantShape::Alternative all[count] = {alternative<T, index>()...};
    static constexpr VariantShape shape{{Kind::any_of}, all, count, &with_fresh<T>};
    return shape;
  }(std::make_index_sequence<count>());
}

template <DescribedEnum Enum>
const Shape& choice_shape() {
  static const ChoiceShape shape = [] {
    ChoiceShape made(sizeof(Enum), std::is_signed_v<std::underlying_type_t<Enum>>);
    for (const Named<Enum>& each : describe(Enum{}))
      made.add(each.name, each.title, static_cast<std::int64_t>(each.value));
    return made;
  }();
  return shape;
}

template <class Struct, class Owner, class T>
void add_field(StructShape& shape, const Struct& start, const Field<Owner, T>& field) {
  const auto* whole = reinterpret_cast<const char*>(&start);
  const auto* part = reinterpret_cast<const char*>(&(start.*field.member));
  shape.add(field, &shape_of<T>, part - whole);
}

template <class>
inline constexpr bool is_table = false;
template <class... Owner, class... T>
inline constexpr bool is_table<std::tuple<Field<Owner, T>...>> = true;

template <class T>
const char* signature() {
  return __PRETTY_FUNCTION__;
}

template <Described Struct>
const Shape& struct_shape() {
  static_assert(
      std::is_default_constructible_v<Struct>,
      "a described struct starts with its default values: give it a default constructor"
  );
  static_assert(
      is_table<decltype(Struct::fields())>,
      "fields() returns tool::fields(tool::field(...), tool::option(...), ...)"
  );
  static const StructShape shape = [] {
    StructShape made(signature<Struct>(), &with_fresh<Struct>, &start_over<Struct>);
    const Struct start{};
    std::apply([&](const auto&... each) { (add_field(made, start, each), ...); }, Struct::fields());
    return made;
  }();
  return shape;
}

template <class>
inline constexpr bool unsupported = false;

/// Words for an author who forgot the table; true when it is there.
template <class T>
constexpr bool has_table() {
  static_assert(
      Described<T>,
      "arguments, settings and forms are structs with a public table of their members: "
      "static constexpr auto fields() { return tool::fields(...); }"
  );
  return Described<T>;
}

template <class T>
concept FormValue = std::is_same_v<T, std::string> || std::is_arithmetic_v<T> || DescribedEnum<T>;

/// What MCP's forms can ask for: texts, numbers, yes or no, one of several, some of several.
template <class T>
inline constexpr bool is_form_value = FormValue<T>;
template <class T>
inline constexpr bool is_form_value<std::optional<T>> = is_form_value<T>;
template <Sequence T>
inline constexpr bool is_form_value<T> =
    std::is_same_v<typename T::value_type, std::string> || DescribedEnum<typename T::value_type>;

template <class>
inline constexpr bool is_form = false;
template <class... Owner, class... T>
inline constexpr bool is_form<std::tuple<Field<Owner, T>...>> = (is_form_value<T> && ...);

/// Words for an author whose type is none of those that can travel as JSON.
template <class T>
constexpr void refuse_type() {
  static_assert(
      !std::is_enum_v<T>, "give this enum a describe() function beside it, in its own namespace"
  );
  static_assert(!std::is_pointer_v<T>, "a pointer can't travel as JSON: use std::string for text");
  static_assert(
      std::is_enum_v<T> || std::is_pointer_v<T> || unsupported<T>,
      "give this struct a public static fields() table, or use a type that tool.hpp knows: "
      "std::string, bool, numbers, std::optional, std::vector, std::map<std::string, ...>, "
      "std::variant, described structs and enums, tool::json"
  );
}

template <class T>
const Shape& shape_of() {
  if constexpr (std::is_same_v<T, json>) {
    static constexpr Shape shape{Kind::anything};
    return shape;
  } else if constexpr (std::is_same_v<T, std::string>) {
    static constexpr Shape shape{Kind::text};
    return shape;
  } else if constexpr (std::is_same_v<T, bool>) {
    static constexpr Shape shape{Kind::boolean};
    return shape;
  } else if constexpr (std::is_integral_v<T>) {
    static constexpr IntegerShape shape{{Kind::integer}, sizeof(T), std::is_signed_v<T>};
    return shape;
  } else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>) {
    static constexpr NumberShape shape{{Kind::number}, sizeof(T)};
    return shape;
  } else if constexpr (std::is_same_v<T, std::monostate>) {
    static constexpr Shape shape{Kind::null};
    return shape;
  } else if constexpr (is_optional<T>) {
    return maybe_shape<T>();
  } else if constexpr (is_variant<T>) {
    return variant_shape<T>();
  } else if constexpr (DescribedEnum<T>) {
    return choice_shape<T>();
  } else if constexpr (Described<T>) {
    return struct_shape<T>();
  } else if constexpr (StringMap<T>) {
    return map_shape<T>();
  } else if constexpr (Sequence<T>) {
    return list_shape<T>();
  } else {
    refuse_type<T>();
  }
}

}  // namespace opsroom::tool::detail

namespace opsroom::tool {

// For authors who handle JSON themselves; they include <nlohmann/json.hpp> (`Json` is always json,
// and only there since this header does without it).

/// Turns JSON into a T, or throws BadArguments that points at the first value that does not fit.
/// `pointer` is where `value` stands in the arguments.
template <class T>
T read(const json& value, const std::string& pointer = "") {
  T made{};
  detail::read_value(detail::shape_of<T>(), value, pointer, &made);
  return made;
}

/// A value as JSON. Every field of a struct is written, an empty std::optional as null, so that a
/// reader never has to tell "absent" from "none".
template <class T, class Json = json>
Json write(const T& value) {
  Json made;
  detail::write_value(detail::shape_of<T>(), &value, made);
  return made;
}

/// The JSON Schema (2020-12) of a type: strings, bool, integers, floating point, std::optional (may
/// be null or absent), sequences, maps from strings, enums with a describe() beside them,
/// std::variant (the first alternative that fits), nlohmann::json (anything), described structs.
/// Structs that hold themselves stand in "$defs".
template <class T, class Json = json>
Json schema_of() {
  Json made;
  detail::make_schema(detail::shape_of<T>(), detail::Direction::in, made);
  return made;
}

/// The same for a result: every field is there, so all are required and none has a default; and
/// more may come in a later version.
template <class T, class Json = json>
Json output_schema_of() {
  Json made;
  detail::make_schema(detail::shape_of<T>(), detail::Direction::out, made);
  return made;
}

}  // namespace opsroom::tool
