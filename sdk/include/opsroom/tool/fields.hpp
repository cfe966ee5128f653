#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <opsroom/tool/types.hpp>
#include <optional>
#include <tuple>

namespace opsroom::tool {

/// One member of a struct as its author describes it: name, meaning, and what values it may take.
/// Built by field() or option(), refined by the chained calls; everything ends up in the schema
/// and is enforced by the parser, so the two cannot disagree. Limits on values speak of a list's or
/// map's elements, limits on size of the list itself. One that does not suit the member's type
/// (a pattern for a number) is a std::logic_error when the plugin is loaded.
template <class Owner, class T>
struct Field {
  using value_type = T;
  static constexpr std::size_t max_choices = 16;

  const char* name;
  T Owner::* member;
  const char* description;
  bool optional = false;
  std::optional<double> minimum{};
  std::optional<double> maximum{};
  bool above_minimum = false;
  bool below_maximum = false;
  std::optional<std::size_t> least_size{};
  std::optional<std::size_t> most_size{};
  bool distinct = false;
  const char* pattern_text = nullptr;
  const char* format_name = nullptr;
  std::array<const char*, max_choices> choices{};
  std::size_t choice_count = 0;

  /// Numbers: the smallest and the largest one allowed.
  constexpr Field at_least(double value) const {
    return with([&](Field& copy) { copy.minimum = value; });
  }
  constexpr Field at_most(double value) const {
    return with([&](Field& copy) { copy.maximum = value; });
  }
  /// Numbers: the same without the bound itself.
  constexpr Field above(double value) const {
    return with([&](Field& copy) { copy.minimum = value, copy.above_minimum = true; });
  }
  constexpr Field below(double value) const {
    return with([&](Field& copy) { copy.maximum = value, copy.below_maximum = true; });
  }
  /// Strings count in characters (code points), arrays and maps in elements.
  constexpr Field size_at_least(std::size_t value) const {
    return with([&](Field& copy) { copy.least_size = value; });
  }
  constexpr Field size_at_most(std::size_t value) const {
    return with([&](Field& copy) { copy.most_size = value; });
  }
  /// Strings, arrays and maps must not be empty.
  constexpr Field not_empty() const { return size_at_least(1); }
  /// Arrays: no element twice.
  constexpr Field unique() const {
    return with([](Field& copy) { copy.distinct = true; });
  }
  /// Strings: a regular expression of JSON Schema that must be found in the value (anchor it with ^
  /// and $). No look-around, no back-references; matching takes linear time.
  constexpr Field pattern(const char* expression) const {
    return with([&](Field& copy) { copy.pattern_text = expression; });
  }
  /// Strings: "date-time", "date", "time", "uri", "email" or "uuid".
  constexpr Field format(const char* known) const {
    return with([&](Field& copy) { copy.format_name = known; });
  }
  /// The only strings allowed, at most sixteen.
  constexpr Field one_of(std::initializer_list<const char*> values) const {
    return with([&](Field& copy) {
      for (const char* value : values)
        copy.choices.at(copy.choice_count++) = value;
    });
  }

 private:
  template <class Change>
  constexpr Field with(Change change) const {
    Field copy = *this;
    change(copy);
    return copy;
  }
};

/// A member the caller must give, unless it is a std::optional or the struct starts it with a value
/// other than the empty one of its type (`int times = 1`): that value is then the schema's default.
template <class Owner, class T>
constexpr Field<Owner, T> field(const char* name, T Owner::* member, const char* description) {
  return {name, member, description};
}

/// A member the caller may leave out, whatever it starts with (`bool force = false`). A start value
/// that breaks the field's own limits stands for "not given" and shows no default.
template <class Owner, class T>
constexpr Field<Owner, T> option(const char* name, T Owner::* member, const char* description) {
  Field<Owner, T> made{name, member, description};
  made.optional = true;
  return made;
}

/// What a struct's `static constexpr auto fields()` returns.
template <class... Fields>
constexpr std::tuple<Fields...> fields(Fields... all) {
  return {all...};
}

namespace detail {

/// 8 and not 8.0, since people read it in schemas and errors.
inline json plain_number(double value) {
  if (std::trunc(value) == value && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
  return value;
}

template <class Struct, class Visit>
void for_each_field(Visit&& visit) {
  std::apply([&](const auto&... each) { (visit(each), ...); }, Struct::fields());
}

}  // namespace detail
}  // namespace opsroom::tool
