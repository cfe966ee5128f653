#pragma once
#include <algorithm>
#include <opsroom/tool/char_set.hpp>
#include <opsroom/tool/fields.hpp>
#include <opsroom/tool/formats.hpp>
#include <opsroom/tool/pattern.hpp>
#include <opsroom/tool/write.hpp>
#include <set>
#include <string>

namespace opsroom::tool::detail {

template <class Owner, class T>
std::string allowed_choices(const Field<Owner, T>& field) {
  std::string list;
  for (std::size_t i = 0; i < field.choice_count; ++i)
    list += (i == 0 ? "" : ", ") + std::string(field.choices.at(i));
  return list;
}

template <class Owner, class T>
void check_choice(
    const Field<Owner, T>& field, const std::string& value, const std::string& pointer
) {
  if (field.choice_count == 0) return;
  const auto end = field.choices.begin() + static_cast<std::ptrdiff_t>(field.choice_count);
  if (std::find(field.choices.begin(), end, std::string_view(value)) == end)
    throw BadArguments(
        pointer, "must be one of " + allowed_choices(field) + ", got " + shown(value)
    );
}

template <class Owner, class T>
void check_text(
    const Field<Owner, T>& field, const std::string& value, const std::string& pointer
) {
  check_choice(field, value, pointer);
  if (field.pattern_text != nullptr && !pattern_found(field.pattern_text, value))
    throw BadArguments(
        pointer, "must match " + std::string(field.pattern_text) + ", got " + shown(value)
    );
  if (field.format_name == nullptr) return;
  const FormatCheck check = format_check(field.format_name);
  if (check != nullptr && !check(value))
    throw BadArguments(
        pointer, "is not of the format " + std::string(field.format_name) + ": " + shown(value)
    );
}

template <class Owner, class T>
void check_range(const Field<Owner, T>& field, auto value, const std::string& pointer) {
  const auto number = static_cast<double>(value);
  const auto low = field.minimum.value_or(0);
  const auto high = field.maximum.value_or(0);
  if (field.minimum && (field.above_minimum ? number <= low : number < low))
    throw BadArguments(
        pointer,
        std::string(field.above_minimum ? "must be above " : "must be at least ") +
            shown(plain_number(low)) + ", got " + shown(value)
    );
  if (field.maximum && (field.below_maximum ? number >= high : number > high))
    throw BadArguments(
        pointer,
        std::string(field.below_maximum ? "must be below " : "must be at most ") +
            shown(plain_number(high)) + ", got " + shown(value)
    );
}

template <class Owner, class T>
void check_size(
    const Field<Owner, T>& field, std::size_t size, const char* unit, const std::string& pointer
) {
  if (field.least_size == 1 && size == 0) throw BadArguments(pointer, "must not be empty");
  if (field.least_size && size < *field.least_size)
    throw BadArguments(
        pointer,
        "must have at least " + std::to_string(*field.least_size) + " " + unit + ", has " +
            std::to_string(size)
    );
  if (field.most_size && size > *field.most_size)
    throw BadArguments(
        pointer,
        "must have at most " + std::to_string(*field.most_size) + " " + unit + ", has " +
            std::to_string(size)
    );
}

/// Limits on values, held against one value or each element of a list.
template <class Owner, class T, class Value>
void check_values(const Field<Owner, T>& field, const Value& value, const std::string& pointer) {
  if constexpr (is_optional<Value>) {
    if (value) check_values(field, *value, pointer);
  } else if constexpr (Number<Value>) {
    check_range(field, value, pointer);
  } else if constexpr (std::is_same_v<Value, std::string>) {
    check_text(field, value, pointer);
  } else if constexpr (StringMap<Value>) {
    for (const auto& [key, each] : value)
      check_values(field, each, child(pointer, key));
  } else if constexpr (Sequence<Value>) {
    std::size_t index = 0;
    for (const typename Value::value_type& each : value)
      check_values(field, each, child(pointer, std::to_string(index++)));
  }
}

template <class List>
void check_distinct(const List& list, const std::string& pointer) {
  std::set<json> seen;
  std::size_t index = 0;
  for (const typename List::value_type& each : list) {
    const auto [place, fresh] = seen.insert(write(each));
    if (!fresh)
      throw BadArguments(child(pointer, std::to_string(index)), "is there twice: " + shown(*place));
    ++index;
  }
}

/// Everything a field's table entry says about its value; throws BadArguments.
template <class Owner, class T, class Value>
void check_limits(const Field<Owner, T>& field, const Value& value, const std::string& pointer) {
  if constexpr (is_optional<Value>) {
    if (value) check_limits(field, *value, pointer);
  } else {
    if constexpr (std::is_same_v<Value, std::string>) {
      if (field.least_size || field.most_size)
        check_size(field, code_points(value).size(), "characters", pointer);
    } else if constexpr (StringMap<Value> || Sequence<Value>) {
      check_size(field, value.size(), "elements", pointer);
      if constexpr (Sequence<Value>)
        if (field.distinct) check_distinct(value, pointer);
    }
    check_values(field, value, pointer);
  }
}

/// Throws std::logic_error for a limit that can't be meant for this type, or is wrong by itself.
template <class Owner, class T>
void check_table(const Field<Owner, T>& field) {
  using Value = typename Innermost<T>::type;
  using Whole = typename Unwrapped<T>::type;
  const auto unsuited = [&](const char* limit) {
    throw std::logic_error(
        "the field " + std::string(field.name) + ": " + limit + " does not suit its type"
    );
  };
  constexpr bool text = std::is_same_v<Value, std::string>;
  constexpr bool sized = std::is_same_v<Whole, std::string> || StringMap<Whole> || Sequence<Whole>;
  if (!Number<Value> && (field.minimum || field.maximum)) unsuited("a range");
  if (!text && field.choice_count > 0) unsuited("one_of");
  if (!text && field.pattern_text != nullptr) unsuited("pattern");
  if (!text && field.format_name != nullptr) unsuited("format");
  if (!sized && (field.least_size || field.most_size)) unsuited("a size");
  if (!Sequence<Whole> && field.distinct) unsuited("unique");
  if (field.format_name != nullptr && format_check(field.format_name) == nullptr)
    throw std::logic_error(
        "the field " + std::string(field.name) + ": the format " + field.format_name +
        " is not known; known are date-time, date, time, uri, email and uuid"
    );
  if (field.pattern_text != nullptr) pattern_found(field.pattern_text, "");
}

}  // namespace opsroom::tool::detail
