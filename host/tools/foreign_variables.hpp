#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

struct Translation {
  std::string text;
  std::vector<std::string> notes;  ///< what cannot be said in tools.json as it was said there
};

/// Turns the variables of Claude, Cursor and VS Code into those of tools.json: `${VAR}` and
/// `${env:VAR}` become `${env:VAR}`, `${userHome}` the variable HOME, `${workspaceFolder}` the
/// directory the server works in, `${input:name}` a variable to be set.
Translation translate_variables(std::string_view text);

}  // namespace opsroom::tools
