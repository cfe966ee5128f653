#pragma once

#include "base/json.hpp"

#include <string>
#include <vector>

namespace opsroom::tools {

/// What differs between two versions of one tool, in lines for people: texts line by line, schemas
/// and annotations by JSON Pointer.
std::vector<std::string> tool_differences(const Json& was, const Json& now);

}  // namespace opsroom::tools
