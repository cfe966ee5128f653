#pragma once

#include <string>
#include <vector>

namespace opsroom::tools {

/// The ways in which tools write a secret down: as it is, its long lines, base64 (in lines too),
/// hexadecimal, percent-encoded, JSON-escaped, in a JSON Pointer, and with \\x for what cannot be
/// printed. May hold doubles.
std::vector<std::string> secret_forms(const std::string& value);

}  // namespace opsroom::tools
