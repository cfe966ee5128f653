#pragma once
#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace opsroom::tool {

/// Only declared here, since most tools never touch it and it takes seconds to compile: whoever
/// does includes <nlohmann/json.hpp>.
using json = nlohmann::json;

/// Arguments that do not fit the tool's schema. `what()` reads "/command/0: expected a string, got
/// 3".
class BadArguments : public std::runtime_error {
 public:
  BadArguments(std::string pointer, const std::string& reason)
      : std::runtime_error((pointer.empty() ? "arguments" : pointer) + ": " + reason),
        pointer_(std::move(pointer)),
        reason_(reason) {}

  /// JSON Pointer (RFC 6901) of the value that is wrong; empty for the arguments as a whole.
  const std::string& pointer() const noexcept { return pointer_; }
  /// What is wrong, without the pointer.
  const std::string& reason() const noexcept { return reason_; }

 private:
  std::string pointer_;
  std::string reason_;
};

/// One value of an enum as it is written in JSON, with words for people where the name is not
/// enough.
template <class Enum>
struct Named {
  const char* name;
  Enum value;
  const char* title = "";
};

/// What `describe(Enum)`, a function beside the enum, returns:
///     enum class Level { low, high };
///     constexpr auto describe(Level) {
///       return tool::values<Level>({{"low", Level::low}, {"high", Level::high}});
///     }
template <class Enum, std::size_t count>
constexpr std::array<Named<Enum>, count> values(const Named<Enum> (&all)[count]) {
  std::array<Named<Enum>, count> list{};
  for (std::size_t i = 0; i < count; ++i)
    list[i] = all[i];
  return list;
}

/// A struct with a table of its fields: usable as arguments, as a result, and nested in either.
template <class T>
concept Described = requires { T::fields(); };

/// An enum with a table of its values; see values().
template <class T>
concept DescribedEnum = std::is_enum_v<T> && requires(T value) { describe(value).size(); };

namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<std::variant<Ts...>> = true;

/// What grows at its end by push_back(), std::vector first of all.
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

template <class T>
concept Number = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

/// The type that limits on values (ranges, patterns, choices) speak of: of a list, its elements.
template <class T>
struct Innermost {
  using type = T;
};
template <class T>
  requires(is_optional<T> || Sequence<T>)
struct Innermost<T> : Innermost<typename T::value_type> {};
template <StringMap T>
struct Innermost<T> : Innermost<typename T::mapped_type> {};

/// The type that limits on size speak of: a list itself.
template <class T>
struct Unwrapped {
  using type = T;
};
template <class T>
struct Unwrapped<std::optional<T>> {
  using type = T;
};

/// What a limit may be put on, in a field of that type.
template <class T>
concept HoldsNumbers = Number<typename Innermost<T>::type>;
template <class T>
concept HoldsTexts = std::is_same_v<typename Innermost<T>::type, std::string>;
template <class T>
concept HasSize = std::is_same_v<typename Unwrapped<T>::type, std::string> ||
                  StringMap<typename Unwrapped<T>::type> || Sequence<typename Unwrapped<T>::type>;

/// The value as a person would quote it in an error: short, on one line.
std::string shown(const json& value);

/// The JSON Pointer of a member below `pointer`.
std::string child(const std::string& pointer, std::string_view key);

}  // namespace detail
}  // namespace opsroom::tool
