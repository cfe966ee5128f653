#include "limits.hpp"

#include <cmath>
#include <cstring>
#include <limits>

namespace opsroom::tool::detail {
namespace {

[[noreturn]] void wrong_type(const Place& place, const char* expected, const json& value) {
  place.refuse(std::string("expected ") + expected + ", got " + shown(value));
}

/// What a kind of value has to be in JSON, or null when it is; the rest is seen only on reading.
const char* expected_instead(Kind kind, const json& value) {
  switch (kind) {
    case Kind::text:
    case Kind::choice:
      return value.is_string() ? nullptr : "a string";
    case Kind::boolean:
      return value.is_boolean() ? nullptr : "true or false";
    case Kind::integer:
      return value.is_number() ? nullptr : "an integer";
    case Kind::number:
      return value.is_number() ? nullptr : "a number";
    case Kind::null:
      return value.is_null() ? nullptr : "null";
    case Kind::structure:
    case Kind::map:
      return value.is_object() ? nullptr : "an object";
    case Kind::list:
      return value.is_array() ? nullptr : "an array";
    default:
      return nullptr;
  }
}

/// The whole numbers a C++ type can hold.
struct Range {
  std::int64_t least;
  std::uint64_t most;

  explicit Range(const IntegerShape& shape) {
    const unsigned bits = static_cast<unsigned>(shape.bytes) * 8;
    most = std::numeric_limits<std::uint64_t>::max() >> (64 - bits);
    if (shape.is_signed) most >>= 1;
    least = shape.is_signed ? -static_cast<std::int64_t>(most) - 1 : 0;
  }
};

void store(const IntegerShape& shape, std::uint64_t bits, void* into) {
  const auto put = [&](auto value) { std::memcpy(into, &value, sizeof value); };
  switch (shape.bytes) {
    case 1:
      return put(static_cast<std::uint8_t>(bits));
    case 2:
      return put(static_cast<std::uint16_t>(bits));
    case 4:
      return put(static_cast<std::uint32_t>(bits));
    default:
      return put(bits);
  }
}

void read_integer(const IntegerShape& shape, const json& value, const Place& place, void* into) {
  const Range range(shape);
  const auto out_of_range = [&] {
    place.refuse(
        shown(value) + " is out of range " + std::to_string(range.least) + " to " +
        std::to_string(range.most)
    );
  };
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number > range.most) out_of_range();
    return store(shape, number, into);
  }
  std::int64_t number = 0;
  if (value.is_number_float()) {
    // JSON Schema counts 3.0 as an integer, and so do clients that know only doubles.
    constexpr double beyond = 9223372036854775808.0;
    const auto fraction = value.get<double>();
    if (std::trunc(fraction) != fraction || !(std::abs(fraction) < beyond))
      wrong_type(place, "an integer", value);
    number = static_cast<std::int64_t>(fraction);
  } else {
    number = value.get<std::int64_t>();
  }
  if (number < range.least || (number >= 0 && static_cast<std::uint64_t>(number) > range.most))
    out_of_range();
  store(shape, static_cast<std::uint64_t>(number), into);
}

void read_number(const NumberShape& shape, const json& value, const Place& place, void* into) {
  const auto number = value.get<double>();
  if (shape.bytes != sizeof(float)) {
    std::memcpy(into, &number, sizeof number);
    return;
  }
  if (std::abs(number) > static_cast<double>(std::numeric_limits<float>::max()))
    place.refuse(shown(value) + " is out of range");
  const auto rounded = static_cast<float>(number);
  std::memcpy(into, &rounded, sizeof rounded);
}

void read_choice(const ChoiceShape& shape, const json& value, const Place& place, void* into) {
  std::string names;
  for (const auto& each : shape.all) {
    if (value.get_ref<const std::string&>() == each.name)
      return store(
          {{Kind::integer}, shape.bytes, true}, static_cast<std::uint64_t>(each.value), into
      );
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  place.refuse("must be one of " + names + ", got " + shown(value));
}

void read_maybe(const MaybeShape& shape, const json& value, const Place& place, void* into) {
  if (value.is_null())
    shape.clear(into);
  else
    read_at(shape.inner(), value, place, shape.emplace(into));
}

/// The first alternative that fits, in the order they are declared; else why none does.
void read_variant(const VariantShape& shape, const json& value, const Place& place, void* into) {
  std::string reasons;
  for (std::size_t i = 0; i < shape.count; ++i) {
    const VariantShape::Alternative& each = shape.alternatives[i];
    std::string reason;
    if (const char* expected = expected_instead(each.shape().kind, value)) {
      reason = std::string("expected ") + expected + ", got " + shown(value);
    } else {
      const auto fill = [&](void* made) { read_at(each.shape(), value, place, made); };
      try {
        return each.emplace(into, fill_with(fill));
      } catch (const BadArguments& error) {
        reason = error.pointer() == place.pointer() ? error.reason() : error.what();
      }
    }
    reasons += (reasons.empty() ? "(" : "; (") + std::to_string(i + 1) + ") " + reason;
  }
  place.refuse("fits none of the alternatives: " + reasons);
}

std::string field_names(const StructShape& shape) {
  std::string names;
  for (const FieldShape& each : shape.fields)
    names += (names.empty() ? "" : ", ") + std::string(each.limits.name);
  return names.empty() ? "nothing" : names;
}

void refuse_unknown_fields(const StructShape& shape, const json& value, const Place& place) {
  for (const auto& [key, ignored] : value.items()) {
    bool known = false;
    for (const FieldShape& each : shape.fields)
      known = known || key == each.limits.name;
    if (!known) Place(place, key).refuse("is not known here; allowed: " + field_names(shape));
  }
}

/// What a struct starts a field with is no part of what a caller gives instead.
void forget_start(const Shape& shape, void* value) {
  if (shape.kind == Kind::structure) as<StructShape>(shape).start_over(value);
  if (shape.kind == Kind::list) as<ListShape>(shape).clear(value);
  if (shape.kind == Kind::map) as<MapShape>(shape).clear(value);
}

/// `into` is as the struct starts.
void read_struct(const StructShape& shape, const json& value, const Place& place, void* into) {
  refuse_unknown_fields(shape, value, place);
  for (const FieldShape& each : shape.fields) {
    const Place here(place, each.limits.name);
    const auto found = value.find(each.limits.name);
    if (found != value.end()) {
      forget_start(each.shape(), each.in(into));
      read_at(each.shape(), *found, here, each.in(into));
      check_limits(each.limits, each.shape(), each.in(into), here);
    } else if (!may_be_absent(each, into)) {
      here.refuse("is missing");
    }
  }
}

void read_map(const MapShape& shape, const json& value, const Place& place, void* into) {
  for (const auto& [key, each] : value.items()) {
    const Place here(place, key);
    const json& member = each;
    const auto fill = [&](void* made) { read_at(shape.value(), member, here, made); };
    shape.insert(into, key, fill_with(fill));
  }
}

void read_list(const ListShape& shape, const json& value, const Place& place, void* into) {
  std::size_t index = 0;
  for (const json& each : value) {
    const Place here(place, index++);
    const auto fill = [&](void* made) { read_at(shape.element(), each, here, made); };
    shape.append(into, fill_with(fill));
  }
}

}  // namespace

void read_at(const Shape& shape, const json& value, const Place& place, void* into) {
  if (const char* expected = expected_instead(shape.kind, value))
    wrong_type(place, expected, value);
  switch (shape.kind) {
    case Kind::anything:
      *static_cast<json*>(into) = value;
      return;
    case Kind::text:
      *static_cast<std::string*>(into) = value.get_ref<const std::string&>();
      return;
    case Kind::boolean:
      *static_cast<bool*>(into) = value.get<bool>();
      return;
    case Kind::integer:
      return read_integer(as<IntegerShape>(shape), value, place, into);
    case Kind::number:
      return read_number(as<NumberShape>(shape), value, place, into);
    case Kind::null:
      return;
    case Kind::choice:
      return read_choice(as<ChoiceShape>(shape), value, place, into);
    case Kind::maybe:
      return read_maybe(as<MaybeShape>(shape), value, place, into);
    case Kind::any_of:
      return read_variant(as<VariantShape>(shape), value, place, into);
    case Kind::structure:
      return read_struct(as<StructShape>(shape), value, place, into);
    case Kind::map:
      return read_map(as<MapShape>(shape), value, place, into);
    case Kind::list:
      return read_list(as<ListShape>(shape), value, place, into);
  }
}

void read_value(const Shape& shape, const json& value, const std::string& pointer, void* into) {
  read_at(shape, value, Place(pointer), into);
}

}  // namespace opsroom::tool::detail
