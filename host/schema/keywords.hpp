#pragma once

#include "schema/validator.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace opsroom::schema {

enum class Dialect { draft7, draft2020 };

/// The dialect a `$schema` names; Failure{unsupported} names one that is not known here.
Dialect dialect_of(std::string_view schema_uri);

/// What the value of a keyword has to be; also says where subschemas stand.
enum class Shape {
  anything,
  schema,
  schema_array,  ///< not empty
  schema_map,
  pattern_map,  ///< a map of schemas whose keys are regular expressions
  schema_or_array,
  dependency_map,  ///< draft-07 `dependencies`: schemas or arrays of names
  text,
  reference,
  pattern,
  flag,
  number,
  positive_number,
  count,
  type_names,
  name_list,
  name_list_map,
  array,
  refused,
};

/// Shape of a keyword in a dialect; `anything` for the unknown, which are notes.
Shape shape_of(std::string_view keyword, Dialect dialect);

/// Where subschemas stand below one keyword, as (pointer suffix, schema).
struct Child {
  std::string suffix;
  const Json* schema;
};
std::vector<Child> children_of(std::string_view keyword, const Json& value, Shape shape);

/// Appends what is wrong with the value of a keyword, but for its patterns; `pointer` is the
/// schema's.
void check_keyword(
    std::string_view keyword,
    const Json& value,
    Shape shape,
    const std::string& pointer,
    std::vector<Problem>& problems
);

}  // namespace opsroom::schema
