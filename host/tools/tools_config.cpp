#include "tools/tools_config.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration server_timeout = 60s;
// A plugin's calls are programs run on a lane (builds, test suites), not requests to a service.
constexpr Clock::duration plugin_timeout = 10min;
constexpr Clock::duration longest_call = 1h;
constexpr std::size_t most_calls_at_once = 1024;
constexpr std::size_t smallest_max_message = 64u << 10;
constexpr std::size_t largest_max_message = 1u << 30;

void check_name(const std::string& name, const std::string& place) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fits)) return;
  Section::refuse(
      place,
      fmt::format("'{}' cannot name a source of tools", name),
      "Use up to 64 of a-z, 0-9, _ and -: the name is the part before the dot in a tool's name."
  );
}

Scope scope_of(const std::string& word) {
  if (word == "host") return Scope::host;
  return word == "step" ? Scope::step : Scope::lane;
}

/// The keys that servers and plugins share.
const std::vector<std::string> common_keys{
    "timeout",
    "maxTotal",
    "allow",
    "deny",
    "trust",
    "inputLimit",
    "taskHold",
    "sampling",
    "logLevel",
    "outputSchema",
    "concurrency",
    "maxMessage"
};

std::vector<std::string> with_common_keys(std::vector<std::string> own) {
  own.insert(own.end(), common_keys.begin(), common_keys.end());
  return own;
}

std::optional<std::size_t> concurrency_of(const Section& ours) {
  const Json* value = ours.find("concurrency");
  if (value == nullptr) return std::nullopt;
  if (*value == "exclusive") return 1;
  const bool fits = value->is_number_integer() && *value >= 1 && *value <= most_calls_at_once;
  if (fits) return value->get<std::size_t>();
  Section::refuse(
      ours.at("concurrency"),
      fmt::format("{} is no number of calls at once", dump(*value)),
      fmt::format("Write \"exclusive\" or a whole number from 1 to {}.", most_calls_at_once)
  );
}

std::string sampling_tool_of(const Section& ours) {
  const std::string tool = ours.text("sampling");
  const std::size_t dot = tool.find('.');
  if (tool.empty() || (dot != std::string::npos && dot > 0 && dot + 1 < tool.size())) return tool;
  Section::refuse(
      ours.at("sampling"),
      fmt::format("'{}' names no tool", tool),
      "Write <source>.<tool>, or leave it out: then the server's requests for sampling are denied."
  );
}

void read_common(const Section& ours, SourceConfig& source) {
  source.timeout = ours.duration("timeout", source.timeout);
  source.max_total = ours.duration("maxTotal", std::max(longest_call, source.timeout));
  source.filter = NameFilter{ours.texts("allow"), ours.texts("deny")};
  source.trusted = ours.flag("trust", source.trusted);
  source.input_limit = ours.duration("inputLimit", source.input_limit);
  source.task_hold = ours.duration("taskHold", source.task_hold);
  source.sampling_tool = sampling_tool_of(ours);
  source.log_level = ours.word(
      "logLevel",
      source.log_level,
      {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}
  );
  source.output_schema = ours.word("outputSchema", "enforce", {"enforce", "warn"}) == "warn"
                             ? SchemaPolicy::warn
                             : SchemaPolicy::enforce;
  source.concurrency = concurrency_of(ours);
  source.max_message =
      ours.size("maxMessage", source.max_message, smallest_max_message, largest_max_message);
}

void read_extension(const Section& server, SourceConfig& source) {
  const Json none = Json::object();
  const Json* found = server.find("opsroom");
  const Section ours(found != nullptr ? *found : none, server.at("opsroom"));
  ours.only(with_common_keys({"scope", "idle", "maxLifetime"}));
  source.scope = scope_of(ours.word("scope", "lane", {"host", "lane", "step"}));
  source.timeout = server_timeout;
  read_common(ours, source);
  source.idle = ours.duration("idle", source.idle);
  source.max_lifetime = ours.duration("maxLifetime", source.max_lifetime);
}

/// Reads what may name secrets. A missing one stops this source and no other: it is told whenever
/// somebody wants to use it.
template <class Read>
void read_secrets(SourceConfig& source, Read read) {
  try {
    read();
  } catch (const Failure& failure) {
    if (failure.code() == Code::invalid) throw;
    source.refusal = failure.message();
    source.refusal_hint = failure.hint();
    source.refusal_code = failure.code();
  }
}

SourceConfig read_server(const std::string& name, const Section& server, const Expander& expander) {
  SourceConfig source;
  source.name = name;
  source.place = server.place();
  read_extension(server, source);
  if (server.find("command") == nullptr && server.find("url") != nullptr) {
    source.refusal = "it is an HTTP server, and only stdio servers can be used";
    source.refusal_hint = fmt::format("Give it a \"command\" at {}.", source.place);
    return source;
  }
  const std::string command = server.text("command");
  const std::vector<std::string> arguments = server.texts("args");
  const auto variables = server.text_map("env");
  const std::string directory = server.text("cwd");
  if (command.empty()) {
    Section::refuse(server.at("command"), "required, but missing", "Name the program to start.");
  }
  const auto expand = [&](const std::string& text) {
    return expander.expand(text, source.title(), source.secrets);
  };
  read_secrets(source, [&] {
    source.argv.push_back(expand(command));
    for (const std::string& argument : arguments)
      source.argv.push_back(expand(argument));
    for (const auto& [variable, value] : variables)
      source.environment[variable] = expand(value);
    source.directory = expand(directory);
  });
  return source;
}

SourceConfig plugin_defaults(const std::string& name, std::string place) {
  SourceConfig source;
  source.name = name;
  source.kind = SourceConfig::Kind::plugin;
  source.place = std::move(place);
  source.library = name + ".so";
  source.scope = Scope::step;
  source.timeout = plugin_timeout;
  source.max_total = longest_call;
  source.trusted = true;
  return source;
}

/// A plugin's limits in the runner's words: "as=2147483648,cpu=60,core=0".
std::string limits_of(const Section& plugin) {
  const Json* found = plugin.find("limits");
  if (found == nullptr) return {};
  const Section limits(*found, plugin.at("limits"));
  limits.only({"memory", "cpu", "fileSize", "files", "processes"});
  std::string words = "core=0";
  const auto add = [&words](const char* resource, std::size_t value) {
    words += fmt::format(",{}={}", resource, value);
  };
  constexpr std::size_t most = std::size_t{1} << 40;
  if (limits.find("memory") != nullptr) add("as", limits.size("memory", 0, 64u << 20, most));
  if (limits.find("fileSize") != nullptr) add("fsize", limits.size("fileSize", 0, 0, most));
  if (limits.find("cpu") != nullptr) {
    const auto cpu = std::chrono::ceil<std::chrono::seconds>(limits.duration("cpu", {}));
    add("cpu", static_cast<std::size_t>(cpu.count()));
  }
  if (limits.find("files") != nullptr) add("nofile", limits.count("files", 16, 1u << 20));
  if (limits.find("processes") != nullptr) add("nproc", limits.count("processes", 1, 1u << 20));
  return words;
}

/// The plugin's own settings, in which texts may hold secrets.
Json expanded(const Json& value, const std::function<std::string(const std::string&)>& expand) {
  if (value.is_string()) return expand(value.get_ref<const std::string&>());
  Json out = value;
  if (out.is_structured()) {
    for (Json& member : out)
      member = expanded(member, expand);
  }
  return out;
}

std::string sha256_of(const Section& plugin, const std::string& command) {
  std::string digest = plugin.text("sha256");
  if (digest.empty()) {
    Section::refuse(
        plugin.at("sha256"),
        "required with \"isolation\": \"inprocess\", but missing",
        fmt::format("Write the first word that `{}` prints.", command)
    );
  }
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (digest.size() == 64 && std::all_of(digest.begin(), digest.end(), is_digit)) return digest;
  Section::refuse(
      plugin.at("sha256"),
      fmt::format("'{}' is no SHA-256", digest),
      fmt::format("Write the 64 digits, in lower case, that `{}` prints.", command)
  );
}

/// What a process would be told means nothing without one, and must not seem to protect.
void read_isolation(const Section& plugin, SourceConfig& source) {
  source.in_process = plugin.word("isolation", "process", {"process", "inprocess"}) == "inprocess";
  const auto refuse = [&plugin](const char* key, const char* problem, const char* hint) {
    if (plugin.find(key) != nullptr) Section::refuse(plugin.at(key), problem, hint);
  };
  if (!source.in_process) {
    refuse(
        "sha256",
        "is checked only with \"isolation\": \"inprocess\"",
        "Leave it out; `opsroom tools pin` holds a plugin in a process of its own to its bytes."
    );
    return;
  }
  constexpr const char* no_process = "means nothing with \"isolation\": \"inprocess\"";
  constexpr const char* leave_out = "Leave it out, or give the plugin a process of its own.";
  refuse("limits", no_process, leave_out);
  refuse("keepAlive", no_process, leave_out);
  source.sha256 = sha256_of(plugin, fmt::format("sha256sum {}", source.library.string()));
}

SourceConfig read_plugin(const std::string& name, const Section& plugin, const Expander& expander) {
  plugin.only(
      with_common_keys({"library", "isolation", "sha256", "env", "config", "limits", "keepAlive"})
  );
  SourceConfig source = plugin_defaults(name, plugin.place());
  source.library = plugin.text("library", source.library.string());
  read_isolation(plugin, source);
  read_common(plugin, source);
  if (plugin.flag("keepAlive", false)) source.scope = Scope::lane;
  const auto variables = plugin.text_map("env");
  const Json* settings = plugin.find("config");
  if (settings != nullptr) static_cast<void>(Section(*settings, plugin.at("config")));
  const std::string limits = limits_of(plugin);
  const auto expand = [&](const std::string& text) {
    return expander.expand(text, source.title(), source.secrets);
  };
  read_secrets(source, [&] {
    for (const auto& [variable, value] : variables)
      source.environment[variable] = expand(value);
    if (settings != nullptr)
      source.environment[plugin_config_variable] = dump(expanded(*settings, expand));
  });
  if (!limits.empty()) source.environment[plugin_limits_variable] = limits;
  return source;
}

/// A library beside tools.json is written with a dot: "./build/mine.so", "../mine.so".
std::filesystem::path seen_from(
    const std::filesystem::path& file, const std::filesystem::path& library
) {
  const auto first = library.begin() == library.end() ? std::filesystem::path() : *library.begin();
  if (first != "." && first != "..") return library;
  return (std::filesystem::absolute(file).parent_path() / library).lexically_normal();
}

void add(ToolsConfig& config, SourceConfig source) {
  const auto [at, fresh] = config.sources.try_emplace(source.name, source);
  if (fresh) return;
  Section::refuse(
      source.place,
      fmt::format("'{}' is already the name of another source", source.name),
      fmt::format("Rename one of them; the other is {}.", at->second.place)
  );
}

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::host:
      return "host";
    case Scope::lane:
      return "lane";
    case Scope::step:
      return "step";
  }
  return "lane";
}

std::string SourceConfig::title() const {
  return fmt::format("{} '{}'", kind == Kind::server ? "server" : "plugin", name);
}

std::vector<std::string> ToolsConfig::names() const {
  std::vector<std::string> out;
  for (const auto& [name, source] : sources)
    out.push_back(name);
  return out;
}

ToolsConfig load_tools_config(const std::filesystem::path& file) {
  const std::string text = read_file(file, 4u << 20);
  const Json document = parse_json(text, file.filename().string());
  ToolsConfig config = parse_tools_config(document, file);
  // A file taken unchanged from an editor knows nothing of plugins, and must not take them away.
  if (!document.contains("plugins")) {
    for (auto& [name, source] : default_tools_config().sources)
      config.sources.try_emplace(name, source);
  }
  return config;
}

ToolsConfig parse_tools_config(const Json& document, const std::filesystem::path& file) {
  ToolsConfig config;
  config.file = file;
  const Expander expander(file.parent_path());
  const std::string top = file.filename().string() + ": ";
  const Section root(document, top);
  if (const Json* servers = root.find("mcpServers")) {
    const Section section(*servers, top + "/mcpServers");
    for (const auto& [name, entry] : servers->items()) {
      check_name(name, section.at(name));
      const Section server(entry, section.at(name));
      if (server.flag("disabled", false)) continue;
      add(config, read_server(name, server, expander));
    }
  }
  if (const Json* plugins = root.find("plugins")) {
    const Section section(*plugins, top + "/plugins");
    for (const auto& [name, entry] : plugins->items()) {
      check_name(name, section.at(name));
      SourceConfig plugin = read_plugin(name, Section(entry, section.at(name)), expander);
      plugin.library = seen_from(file, plugin.library);
      add(config, std::move(plugin));
    }
  }
  return config;
}

ToolsConfig default_tools_config() {
  ToolsConfig config;
  for (const char* name :
       {"ask", "exec", "files", "git", "http", "notify", "run", "sql", "template", "wait"}) {
    add(config, plugin_defaults(name, fmt::format("the default configuration, plugin '{}'", name)));
  }
  return config;
}

}  // namespace opsroom::tools
