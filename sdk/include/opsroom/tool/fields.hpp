#pragma once
#include <cstddef>
#include <initializer_list>
#include <opsroom/tool/types.hpp>
#include <optional>
#include <stdexcept>
#include <tuple>

namespace opsroom::tool {

namespace detail {

/// What a field's table entry says of it, whatever its type is.
struct Limits {
  static constexpr std::size_t max_choices = 16;

  const char* name;
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
  const char* choices[max_choices] = {};
  std::size_t choice_count = 0;
};

}  // namespace detail

/// One member of a struct as its author describes it: name, meaning, and what values it may take.
/// Built by field() or option(), refined by the chained calls; everything ends up in the schema
/// and is enforced by the parser, so the two cannot disagree. Limits on values speak of a list's or
/// map's elements, limits on size of the list itself. One that does not suit the member's type
/// (a pattern for a number) does not compile; a wrong pattern or an unknown format is a
/// std::logic_error when the plugin is loaded.
template <class Owner, class T>
struct Field : detail::Limits {
  using value_type = T;

  T Owner::* member;

  constexpr Field(const char* called, T Owner::* at, const char* meaning)
      : Limits{called, meaning}, member(at) {}

  /// Numbers: the smallest and the largest one allowed.
  constexpr Field at_least(double value) const {
    static_assert(
        detail::HoldsNumbers<T>, "a range is for numbers, and for lists and maps of them"
    );
    Field copy = *this;
    copy.minimum = value;
    return copy;
  }
  constexpr Field at_most(double value) const {
    static_assert(
        detail::HoldsNumbers<T>, "a range is for numbers, and for lists and maps of them"
    );
    Field copy = *this;
    copy.maximum = value;
    return copy;
  }
  /// Numbers: the same without the bound itself.
  constexpr Field above(double value) const {
    Field copy = at_least(value);
    copy.above_minimum = true;
    return copy;
  }
  constexpr Field below(double value) const {
    Field copy = at_most(value);
    copy.below_maximum = true;
    return copy;
  }
  /// Strings count in characters (code points), arrays and maps in elements.
  constexpr Field size_at_least(std::size_t value) const {
    static_assert(detail::HasSize<T>, "a size is for strings, lists and maps");
    Field copy = *this;
    copy.least_size = value;
    return copy;
  }
  constexpr Field size_at_most(std::size_t value) const {
    static_assert(detail::HasSize<T>, "a size is for strings, lists and maps");
    Field copy = *this;
    copy.most_size = value;
    return copy;
  }
  /// Strings, arrays and maps must not be empty.
  constexpr Field not_empty() const { return size_at_least(1); }
  /// Arrays: no element twice.
  constexpr Field unique() const {
    static_assert(
        detail::Sequence<typename detail::Unwrapped<T>::type>,
        "unique() is for lists, such as std::vector"
    );
    Field copy = *this;
    copy.distinct = true;
    return copy;
  }
  /// Strings: a regular expression of JSON Schema that must be found in the value (anchor it with ^
  /// and $). No look-around, no back-references; matching takes linear time.
  constexpr Field pattern(const char* expression) const {
    static_assert(
        detail::HoldsTexts<T>, "pattern() is for strings, and for lists and maps of them"
    );
    Field copy = *this;
    copy.pattern_text = expression;
    return copy;
  }
  /// Strings: "date-time", "date", "time", "uri", "email" or "uuid".
  constexpr Field format(const char* known) const {
    static_assert(detail::HoldsTexts<T>, "format() is for strings, and for lists and maps of them");
    Field copy = *this;
    copy.format_name = known;
    return copy;
  }
  /// The only strings allowed, at most sixteen.
  constexpr Field one_of(std::initializer_list<const char*> values) const {
    static_assert(
        detail::HoldsTexts<T>,
        "one_of() is for strings, and for lists and maps of them; the values of an enum stand in "
        "its describe()"
    );
    Field copy = *this;
    for (const char* value : values) {
      if (copy.choice_count == max_choices)
        throw std::logic_error("one_of() takes at most sixteen strings: make it an enum");
      copy.choices[copy.choice_count++] = value;
    }
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

}  // namespace opsroom::tool
