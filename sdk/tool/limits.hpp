#pragma once
#include "shapes.hpp"

namespace opsroom::tool::detail {

/// Holds a value against everything its field's table entry says; throws BadArguments.
void check_limits(const Limits& limits, const Shape& shape, const void* value, const Place& place);

/// Throws std::logic_error for a limit that can't be meant for this type, or is wrong by itself.
void check_table(const FieldShape& field);

/// 8 and not 8.0, since people read it in schemas and errors.
json plain_number(double value);

}  // namespace opsroom::tool::detail
