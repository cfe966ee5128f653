#pragma once
#include <string_view>

namespace opsroom::tool::detail {

/// Whether the expression, one of JSON Schema (ECMA-262) as far as automata go, is found anywhere
/// in `value`. No look-around, no back-references, no Unicode properties. Takes no more time than
/// (length of one) x (length of the other), and no stack; std::regex keeps neither promise. Throws
/// std::logic_error for an expression that is wrong or beyond what is known here.
bool pattern_found(std::string_view expression, std::string_view value);

}  // namespace opsroom::tool::detail
