#include "shapes.hpp"

#include <charconv>
#include <cmath>
#include <cstring>

namespace opsroom::tool::detail {
namespace {

template <class T>
T value_at(const void* place) {
  T value;
  std::memcpy(&value, place, sizeof value);
  return value;
}

std::int64_t signed_at(std::size_t bytes, const void* place) {
  switch (bytes) {
    case 1:
      return value_at<std::int8_t>(place);
    case 2:
      return value_at<std::int16_t>(place);
    case 4:
      return value_at<std::int32_t>(place);
    default:
      return value_at<std::int64_t>(place);
  }
}

std::uint64_t unsigned_at(std::size_t bytes, const void* place) {
  switch (bytes) {
    case 1:
      return value_at<std::uint8_t>(place);
    case 2:
      return value_at<std::uint16_t>(place);
    case 4:
      return value_at<std::uint32_t>(place);
    default:
      return value_at<std::uint64_t>(place);
  }
}

/// Whether the value is the empty one of its type, which nobody gave on purpose.
bool is_empty(const Shape& shape, const void* value) {
  const auto is_fresh = [&](auto with_fresh) {
    bool same = false;
    const auto look = [&](const void* fresh) {
      same = written(shape, value) == written(shape, fresh);
    };
    with_fresh(look_with(look));
    return same;
  };
  switch (shape.kind) {
    case Kind::choice:
      return choice_at(as<ChoiceShape>(shape), value) == 0;
    case Kind::any_of:
      return is_fresh(as<VariantShape>(shape).with_fresh);
    case Kind::structure:
      return is_fresh(as<StructShape>(shape).with_fresh);
    case Kind::anything:
      return static_cast<const json*>(value)->is_null();
    default: {
      const json seen = written(shape, value);
      return seen == json(seen.type());
    }
  }
}

}  // namespace

ChoiceShape::ChoiceShape(std::size_t size, bool with_sign)
    : Shape{Kind::choice}, bytes(size), is_signed(with_sign) {}

void ChoiceShape::add(const char* name, const char* title, std::int64_t value) {
  all.push_back({name, title, value});
}

StructShape::StructShape(const char* text, void (*fresh)(Look look), void (*renew)(void* structure))
    : Shape{Kind::structure}, signature(text), with_fresh(fresh), start_over(renew) {}

void StructShape::add(const Limits& limits, ShapeOf shape, std::ptrdiff_t offset) {
  fields.push_back({limits, shape, offset});
}

json integer_at(const IntegerShape& shape, const void* value) {
  if (shape.is_signed) return signed_at(shape.bytes, value);
  return unsigned_at(shape.bytes, value);
}

double number_at(const NumberShape& shape, const void* value) {
  if (shape.bytes != sizeof(float)) return value_at<double>(value);
  const auto given = value_at<float>(value);
  if (!std::isfinite(given)) return static_cast<double>(given);
  // 0.1 and not 0.10000000149011612: the shortest number that means this float.
  char text[32];
  double number = 0;
  const auto end = std::to_chars(text, text + sizeof text, given).ptr;
  std::from_chars(text, end, number);
  return number;
}

std::int64_t choice_at(const ChoiceShape& shape, const void* value) {
  return shape.is_signed ? signed_at(shape.bytes, value)
                         : static_cast<std::int64_t>(unsigned_at(shape.bytes, value));
}

bool may_be_absent(const FieldShape& field, const void* start) {
  if (field.limits.optional) return true;
  const Shape& shape = field.shape();
  return shape.kind == Kind::maybe || !is_empty(shape, field.in(start));
}

std::string name_of(const StructShape& shape) {
  // "... [T = (anonymous namespace)::Node]" or "... [with T = {anonymous}::Box<int>; ...]"
  std::string_view name = shape.signature;
  if (const auto start = name.find("T = "); start != std::string_view::npos)
    name.remove_prefix(start + 4);
  name = name.substr(0, name.find_first_of(";]"));
  const auto arguments = name.find('<');
  if (const auto scope = name.substr(0, arguments).rfind("::"); scope != std::string_view::npos)
    name.remove_prefix(scope + 2);
  std::string made;
  for (const char letter : name) {
    const bool good = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                      (letter >= 'a' && letter <= 'z');
    if (good || made.empty() || made.back() != '_') made += good ? letter : '_';
  }
  while (!made.empty() && made.back() == '_')
    made.pop_back();
  return made;
}

const Shape& innermost(const Shape& shape) {
  switch (shape.kind) {
    case Kind::maybe:
      return innermost(as<MaybeShape>(shape).inner());
    case Kind::map:
      return innermost(as<MapShape>(shape).value());
    case Kind::list:
      return innermost(as<ListShape>(shape).element());
    default:
      return shape;
  }
}

const Shape& unwrapped(const Shape& shape) {
  return shape.kind == Kind::maybe ? as<MaybeShape>(shape).inner() : shape;
}

}  // namespace opsroom::tool::detail
