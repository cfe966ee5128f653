#include "shapes.hpp"

#include <string>

namespace opsroom::tool::detail {
namespace {

json written_choice(const ChoiceShape& shape, const void* value) {
  const std::int64_t held = choice_at(shape, value);
  for (const auto& each : shape.all)
    if (each.value == held) return each.name;
  throw std::logic_error("the enum value " + std::to_string(held) + " has no name");
}

json written_variant(const VariantShape& shape, const void* value) {
  for (std::size_t i = 0; i < shape.count; ++i)
    if (const void* held = shape.alternatives[i].held(value))
      return written(shape.alternatives[i].shape(), held);
  throw std::logic_error("a std::variant lost its value in an exception");
}

json written_struct(const StructShape& shape, const void* value) {
  json object = json::object();
  for (const FieldShape& each : shape.fields)
    object[each.limits.name] = written(each.shape(), each.in(value));
  return object;
}

json written_map(const MapShape& shape, const void* value) {
  json object = json::object();
  const auto look = [&](const std::string& key, const void* each) {
    object[key] = written(shape.value(), each);
  };
  shape.each(value, look_at_members_with(look));
  return object;
}

json written_list(const ListShape& shape, const void* value) {
  json list = json::array();
  const auto look = [&](const void* each) { list.push_back(written(shape.element(), each)); };
  shape.each(value, look_with(look));
  return list;
}

}  // namespace

json written(const Shape& shape, const void* value) {
  switch (shape.kind) {
    case Kind::anything:
      return *static_cast<const json*>(value);
    case Kind::text:
      return *static_cast<const std::string*>(value);
    case Kind::boolean:
      return *static_cast<const bool*>(value);
    case Kind::integer:
      return integer_at(as<IntegerShape>(shape), value);
    case Kind::number:
      return number_at(as<NumberShape>(shape), value);
    case Kind::null:
      return nullptr;
    case Kind::choice:
      return written_choice(as<ChoiceShape>(shape), value);
    case Kind::maybe: {
      const auto& maybe = as<MaybeShape>(shape);
      const void* held = maybe.held(value);
      return held == nullptr ? json() : written(maybe.inner(), held);
    }
    case Kind::any_of:
      return written_variant(as<VariantShape>(shape), value);
    case Kind::structure:
      return written_struct(as<StructShape>(shape), value);
    case Kind::map:
      return written_map(as<MapShape>(shape), value);
    case Kind::list:
      return written_list(as<ListShape>(shape), value);
  }
  return nullptr;
}

void write_value(const Shape& shape, const void* value, json& made) {
  made = written(shape, value);
}

}  // namespace opsroom::tool::detail
