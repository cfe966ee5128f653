#pragma once

#include "base/async.hpp"
#include "base/json.hpp"
#include "process/child_process.hpp"
#include "tools/glob.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// How long a source's process lives: `host` one for all runs, `lane` one a run, `step` one a call.
enum class Scope { host, lane, step };

std::string_view to_string(Scope scope);

/// One source of tools: an MCP server or a plugin library.
struct SourceConfig {
  enum class Kind { server, plugin };

  std::string name;  ///< [a-z0-9_-]+, the part before the dot in a tool's name
  Kind kind = Kind::server;
  std::vector<std::string> argv;     ///< server: command and arguments
  std::filesystem::path library;     ///< plugin: relative to the plugin directory unless absolute
  std::filesystem::path directory;   ///< server: `cwd`; empty: the lane, or tools.json's own folder
  process::Environment environment;  ///< beside process::base_environment()
  Scope scope = Scope::lane;
  Clock::duration timeout{};    ///< without answer or progress
  Clock::duration max_total{};  ///< whatever the progress
  NameFilter filter;
  bool trusted = false;  ///< its annotations are believed
  std::string place;     ///< "tools.json: /mcpServers/files", for messages
  std::string refusal;   ///< why it cannot be used by this version (an HTTP server); else empty

  /// "server 'files'" or "plugin 'exec'", for messages.
  std::string title() const;
};

/// What tools.json says, checked, with `${env:..}` and `${file:..}` already replaced.
struct ToolsConfig {
  std::filesystem::path file;  ///< empty for the default configuration
  std::map<std::string, SourceConfig, std::less<>> sources;

  std::vector<std::string> names() const;
};

/// Reads a tools.json. Failure{invalid} names file, JSON Pointer and what is allowed; a variable or
/// file that a `${..}` names and that does not exist is Failure{not_found} naming server and
/// variable. Without a `plugins` member, the plugins that come with opsroom are there as well,
/// except where a server has the name.
ToolsConfig load_tools_config(const std::filesystem::path& file);

/// The same from a document in memory; `file` is for messages and for relative `${file:..}` paths.
ToolsConfig parse_tools_config(const Json& document, const std::filesystem::path& file);

/// What there is without a tools.json: the plugins exec, files and git.
ToolsConfig default_tools_config();

/// "500ms", "30s", "10m", "1h"; none when `text` is no positive duration.
std::optional<Clock::duration> parse_duration(std::string_view text);

/// "500 ms", "30 s", "10 min", "1 h": for messages.
std::string duration_text(Clock::duration duration);

}  // namespace opsroom::tools
