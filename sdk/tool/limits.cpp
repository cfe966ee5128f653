#include "limits.hpp"

#include "char_set.hpp"
#include "formats.hpp"
#include "pattern.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace opsroom::tool::detail {
namespace {

std::string allowed_choices(const Limits& limits) {
  std::string list;
  for (std::size_t i = 0; i < limits.choice_count; ++i)
    list += (i == 0 ? "" : ", ") + std::string(limits.choices[i]);
  return list;
}

void check_choice(const Limits& limits, const std::string& value, const Place& place) {
  if (limits.choice_count == 0) return;
  const auto* const end = limits.choices + limits.choice_count;
  if (std::find(limits.choices, end, std::string_view(value)) == end)
    place.refuse("must be one of " + allowed_choices(limits) + ", got " + shown(value));
}

void check_text(const Limits& limits, const std::string& value, const Place& place) {
  check_choice(limits, value, place);
  if (limits.pattern_text != nullptr && !pattern_found(limits.pattern_text, value))
    place.refuse("must match " + std::string(limits.pattern_text) + ", got " + shown(value));
  if (limits.format_name == nullptr) return;
  const FormatCheck check = format_check(limits.format_name);
  if (check != nullptr && !check(value))
    place.refuse("is not of the format " + std::string(limits.format_name) + ": " + shown(value));
}

void check_range(const Limits& limits, const json& value, const Place& place) {
  const auto number = value.get<double>();
  const auto low = limits.minimum.value_or(0);
  const auto high = limits.maximum.value_or(0);
  if (limits.minimum && (limits.above_minimum ? number <= low : number < low))
    place.refuse(
        std::string(limits.above_minimum ? "must be above " : "must be at least ") +
        shown(plain_number(low)) + ", got " + shown(value)
    );
  if (limits.maximum && (limits.below_maximum ? number >= high : number > high))
    place.refuse(
        std::string(limits.below_maximum ? "must be below " : "must be at most ") +
        shown(plain_number(high)) + ", got " + shown(value)
    );
}

void check_size(const Limits& limits, std::size_t size, const char* unit, const Place& place) {
  if (limits.least_size == 1 && size == 0) place.refuse("must not be empty");
  if (limits.least_size && size < *limits.least_size)
    place.refuse(
        "must have at least " + std::to_string(*limits.least_size) + " " + unit + ", has " +
        std::to_string(size)
    );
  if (limits.most_size && size > *limits.most_size)
    place.refuse(
        "must have at most " + std::to_string(*limits.most_size) + " " + unit + ", has " +
        std::to_string(size)
    );
}

bool limits_values(const Limits& limits) {
  return limits.minimum || limits.maximum || limits.pattern_text != nullptr ||
         limits.format_name != nullptr || limits.choice_count > 0;
}

/// Limits on values, held against one value or each element of a list.
void check_values(const Limits& limits, const Shape& shape, const void* value, const Place& place) {
  switch (shape.kind) {
    case Kind::maybe: {
      const auto& maybe = as<MaybeShape>(shape);
      if (const void* held = maybe.held(value)) check_values(limits, maybe.inner(), held, place);
      return;
    }
    case Kind::integer:
    case Kind::number:
      return check_range(limits, written(shape, value), place);
    case Kind::text:
      return check_text(limits, *static_cast<const std::string*>(value), place);
    case Kind::map: {
      const auto& map = as<MapShape>(shape);
      const auto look = [&](const std::string& key, const void* each) {
        check_values(limits, map.value(), each, Place(place, key));
      };
      return map.each(value, look_at_members_with(look));
    }
    case Kind::list: {
      const auto& list = as<ListShape>(shape);
      std::size_t index = 0;
      const auto look = [&](const void* each) {
        check_values(limits, list.element(), each, Place(place, index++));
      };
      return list.each(value, look_with(look));
    }
    default:
      return;
  }
}

void check_distinct(const ListShape& list, const void* value, const Place& place) {
  std::set<json> seen;
  std::size_t index = 0;
  const auto look = [&](const void* each) {
    const auto [found, fresh] = seen.insert(written(list.element(), each));
    if (!fresh) Place(place, index).refuse("is there twice: " + shown(*found));
    ++index;
  };
  list.each(value, look_with(look));
}

}  // namespace

json plain_number(double value) {
  if (std::trunc(value) == value && std::abs(value) < 1e15) return static_cast<std::int64_t>(value);
  return value;
}

void check_limits(const Limits& limits, const Shape& shape, const void* value, const Place& place) {
  if (shape.kind == Kind::maybe) {
    const auto& maybe = as<MaybeShape>(shape);
    if (const void* held = maybe.held(value)) check_limits(limits, maybe.inner(), held, place);
    return;
  }
  const bool sized = limits.least_size || limits.most_size;
  if (shape.kind == Kind::text && sized)
    check_size(
        limits, code_points(*static_cast<const std::string*>(value)).size(), "characters", place
    );
  if (shape.kind == Kind::map && sized)
    check_size(limits, as<MapShape>(shape).size(value), "elements", place);
  if (shape.kind == Kind::list) {
    if (sized) check_size(limits, as<ListShape>(shape).size(value), "elements", place);
    if (limits.distinct) check_distinct(as<ListShape>(shape), value, place);
  }
  if (limits_values(limits)) check_values(limits, shape, value, place);
}

void check_table(const FieldShape& field) {
  const Limits& limits = field.limits;
  const Kind value = innermost(field.shape()).kind;
  const Kind whole = unwrapped(field.shape()).kind;
  const auto wrong = [&](const std::string& why) {
    throw std::logic_error("the field " + std::string(limits.name) + ": " + why);
  };
  const auto unsuited = [&](const std::string& limit) { wrong(limit + " does not suit its type"); };
  const bool text = value == Kind::text;
  const bool number = value == Kind::integer || value == Kind::number;
  const bool sized = whole == Kind::text || whole == Kind::map || whole == Kind::list;
  if (!number && (limits.minimum || limits.maximum)) unsuited("a range");
  if (!text && limits.choice_count > 0) unsuited("one_of");
  if (!text && limits.pattern_text != nullptr) unsuited("pattern");
  if (!text && limits.format_name != nullptr) unsuited("format");
  if (!sized && (limits.least_size || limits.most_size)) unsuited("a size");
  if (whole != Kind::list && limits.distinct) unsuited("unique");
  if (limits.format_name != nullptr && format_check(limits.format_name) == nullptr)
    wrong(
        "the format " + std::string(limits.format_name) +
        " is not known; known are date-time, date, time, uri, email and uuid"
    );
  if (limits.pattern_text != nullptr) pattern_found(limits.pattern_text, "");
}

}  // namespace opsroom::tool::detail
