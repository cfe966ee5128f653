#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"
#include "base/json.hpp"
#include "process/child_process.hpp"
#include "tools/config_section.hpp"
#include "tools/expand.hpp"
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

/// What a result that does not fit its tool's outputSchema is: a failure, or a warning in the log.
enum class SchemaPolicy { enforce, warn };

/// One source of tools: an MCP server or a plugin library.
struct SourceConfig {
  enum class Kind { server, plugin };

  std::string name;  ///< [a-z0-9_-]+, the part before the dot in a tool's name
  Kind kind = Kind::server;
  std::vector<std::string> argv;     ///< server: command and arguments
  std::filesystem::path library;     ///< plugin: relative to the plugin directory unless absolute
  std::filesystem::path directory;   ///< server: `cwd`; empty: the lane, or tools.json's own folder
  process::Environment environment;  ///< beside process::base_environment()
  /// "isolation": "inprocess": a plugin that works in this very process, whose digest is `sha256`.
  bool in_process = false;
  std::string sha256;  ///< 64 lower-case hex digits
  Scope scope = Scope::lane;
  Clock::duration timeout{};    ///< without answer or progress
  Clock::duration max_total{};  ///< whatever the progress
  NameFilter filter;
  bool trusted = false;  ///< its annotations are believed
  /// "inputLimit": how long its process waits for a person's answer at most.
  Clock::duration input_limit = std::chrono::minutes(15);
  /// "taskHold": how long a call waits for a task beside it before it is suspended.
  Clock::duration task_hold{};
  std::string sampling_tool;       ///< "sampling": `<source>.<tool>`; empty: sampling is denied
  std::string log_level = "info";  ///< "logLevel": the least that the server is to log
  SchemaPolicy output_schema = SchemaPolicy::enforce;
  /// "concurrency": the most calls at once, "exclusive" being 1. Unset: 1 for a legacy server, 64
  /// for a modern one.
  std::optional<std::size_t> concurrency;
  /// "idle": a host-scoped process without a call for so long is stopped until the next one.
  Clock::duration idle = std::chrono::minutes(10);
  Clock::duration max_lifetime{};       ///< "maxLifetime" of a host-scoped process; zero: no limit
  std::size_t max_message = 64u << 20;  ///< "maxMessage": the longest message taken, in bytes
  std::vector<Secret> secrets;          ///< what `${..}` put into argv, environment and directory
  std::string place;                    ///< "tools.json: /mcpServers/files", for messages
  /// Why it cannot be used (an HTTP server, a missing secret), with remedy and code; else empty.
  std::string refusal;
  std::string refusal_hint;
  Code refusal_code = Code::unsupported;

  /// "server 'files'" or "plugin 'exec'", for messages.
  std::string title() const;

  bool operator==(const SourceConfig&) const = default;
};

/// The variables by which a plugin's runner is told its settings and limits.
constexpr const char* plugin_config_variable = "OPSROOM_PLUGIN_CONFIG";
constexpr const char* plugin_limits_variable = "OPSROOM_PLUGIN_LIMITS";

/// What tools.json says, checked, with `${env:..}` and `${file:..}` already replaced.
struct ToolsConfig {
  std::filesystem::path file;  ///< empty for the default configuration
  std::map<std::string, SourceConfig, std::less<>> sources;

  std::vector<std::string> names() const;
};

/// Reads a tools.json. Failure{invalid} names file, JSON Pointer and what is allowed. A variable or
/// file that a `${..}` names and that does not exist becomes the source's `refusal`. Without a
/// `plugins` member, the plugins that come with opsroom are there as well, except where a server
/// has the name.
ToolsConfig load_tools_config(const std::filesystem::path& file);

/// The same from a document in memory; `file` is for messages and for relative `${file:..}` paths.
ToolsConfig parse_tools_config(const Json& document, const std::filesystem::path& file);

/// What there is without a tools.json: the plugins that come with opsroom.
ToolsConfig default_tools_config();

}  // namespace opsroom::tools
