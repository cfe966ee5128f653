#pragma once

#include "base/json.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// The programs whose lists of MCP servers can be taken over.
enum class ForeignApp { claude, cursor, vscode };

/// Failure{invalid} names the words that are known.
ForeignApp foreign_app(std::string_view word);

/// Where that program keeps its servers, most general first. `project` is the directory one works
/// in; the files need not exist.
std::vector<std::filesystem::path> foreign_files(
    ForeignApp app, const std::filesystem::path& home, const std::filesystem::path& project
);

/// One server of a foreign file, in the words of tools.json.
struct ForeignServer {
  std::string name;                ///< as a source may be called
  std::string original;            ///< as it is called there
  nlohmann::ordered_json entry;    ///< command, args, env, cwd, disabled
  std::vector<std::string> notes;  ///< what to know: secrets, variables, what was left out
  std::string refusal;             ///< why it cannot be taken over; else empty
};

/// The servers of a foreign file's text; `file` is for messages, `project` picks the part of
/// ~/.claude.json that belongs to a directory. Failure{invalid} names file and place.
std::vector<ForeignServer> read_foreign(
    std::string_view text, const std::filesystem::path& file, const std::filesystem::path& project
);

/// JSON out of JSON with comments and trailing commas; lines and columns stay where they are.
std::string without_comments(std::string_view text);

/// The command as one would type it, whole, nothing of it hidden.
std::string command_line(const nlohmann::ordered_json& entry);

}  // namespace opsroom::tools
