#pragma once
#include "place.hpp"

#include <opsroom/tool/shape.hpp>
#include <type_traits>

namespace opsroom::tool::detail {

template <class F>
void* as_context(F& f) {
  return const_cast<void*>(static_cast<const void*>(&f));
}

// A lambda as what containers call back; it must outlive the call.
template <class F>
Fill fill_with(F& f) {
  return {[](void* with, void* value) { (*static_cast<F*>(with))(value); }, as_context(f)};
}
template <class F>
Look look_with(F& f) {
  return {[](void* with, const void* value) { (*static_cast<F*>(with))(value); }, as_context(f)};
}
template <class F>
LookMember look_at_members_with(F& f) {
  return {
      [](void* with, const std::string& key, const void* value) {
        (*static_cast<F*>(with))(key, value);
      },
      as_context(f)
  };
}

/// The shape as what its kind says.
template <class Special>
const Special& as(const Shape& shape) {
  return static_cast<const Special&>(shape);
}

// A value by its address.
json integer_at(const IntegerShape& shape, const void* value);
double number_at(const NumberShape& shape, const void* value);
std::int64_t choice_at(const ChoiceShape& shape, const void* value);

void read_at(const Shape& shape, const json& value, const Place& place, void* into);
json written(const Shape& shape, const void* value);

/// Whether a caller may leave the field out; `start` is the struct as it starts.
bool may_be_absent(const FieldShape& field, const void* start);

/// The name of the author's struct, in letters that fit a JSON Pointer.
std::string name_of(const StructShape& shape);

/// What limits on values speak of: through optionals, lists and maps down to the elements.
const Shape& innermost(const Shape& shape);
/// The shape itself, or what an optional holds.
const Shape& unwrapped(const Shape& shape);

}  // namespace opsroom::tool::detail
