#pragma once
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace opsroom::tool {

using json = nlohmann::json;

/// Arguments that do not fit the tool's schema. `what()` reads "/command/0: expected a string, got
/// 3".
class BadArguments : public std::runtime_error {
 public:
  BadArguments(std::string pointer, const std::string& reason)
      : std::runtime_error((pointer.empty() ? "arguments" : pointer) + ": " + reason),
        pointer_(std::move(pointer)) {}

  /// JSON Pointer (RFC 6901) of the value that is wrong; empty for the arguments as a whole.
  const std::string& pointer() const noexcept { return pointer_; }

 private:
  std::string pointer_;
};

/// One member of a struct as its author describes it: name, meaning, and what values it may take.
/// Built by field() or option(), refined by the chained calls; everything ends up in the schema
/// and is enforced by the parser, so the two cannot disagree.
template <class Owner, class T>
struct Field {
  using value_type = T;
  static constexpr std::size_t max_choices = 8;

  const char* name;
  T Owner::* member;
  const char* description;
  bool optional = false;
  bool filled = false;
  std::optional<double> minimum{};
  std::optional<double> maximum{};
  std::array<const char*, max_choices> choices{};
  std::size_t choice_count = 0;

  /// Strings, arrays and maps must not be empty.
  constexpr Field not_empty() const {
    Field copy = *this;
    copy.filled = true;
    return copy;
  }
  constexpr Field at_least(double value) const {
    Field copy = *this;
    copy.minimum = value;
    return copy;
  }
  constexpr Field at_most(double value) const {
    Field copy = *this;
    copy.maximum = value;
    return copy;
  }
  /// The only strings allowed, at most eight.
  constexpr Field one_of(std::initializer_list<const char*> values) const {
    Field copy = *this;
    for (const char* value : values)
      copy.choices.at(copy.choice_count++) = value;
    return copy;
  }
};

/// A member the caller must give, unless it is a std::optional or the struct starts it with a value
/// other than the empty one of its type (`int times = 1`): that value is then the schema's default.
template <class Owner, class T>
constexpr Field<Owner, T> field(const char* name, T Owner::* member, const char* description) {
  return {name, member, description};
}

/// A member the caller may leave out, whatever it starts with (`bool force = false`).
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

/// A struct with a table of its fields: usable as arguments, as a result, and nested in either.
template <class T>
concept Described = requires { T::fields(); };

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept Sequence = !std::is_same_v<T, std::string> && !std::is_same_v<T, json> && requires(T list) {
  typename T::value_type;
  list.push_back(std::declval<typename T::value_type>());
};

template <class T>
concept StringMap = !std::is_same_v<T, json> && requires {
  typename T::mapped_type;
  requires std::is_same_v<typename T::key_type, std::string>;
};

template <class>
inline constexpr bool unsupported = false;

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
