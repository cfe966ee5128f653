#include "tools/tools_config.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "tools/expand.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration server_timeout = 60s;
// A plugin's calls are programs run on a lane (builds, test suites), not requests to a service.
constexpr Clock::duration plugin_timeout = 10min;
constexpr Clock::duration longest_call = 1h;

/// One object of the document with the way to it, so that every message can name its place.
class Section {
 public:
  Section(const Json& json, std::string place) : json_(json), place_(std::move(place)) {
    if (!json_.is_object()) {
      refuse(place_, fmt::format("expected an object, got {}", json_type(json_)), {});
    }
  }

  const std::string& place() const { return place_; }
  std::string at(std::string_view key) const { return fmt::format("{}/{}", place_, key); }

  const Json* find(std::string_view key) const {
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }

  std::string text(std::string_view key, std::string fallback = {}) const {
    return string_or(json_, key, std::move(fallback), place_);
  }

  bool flag(std::string_view key, bool fallback) const {
    return bool_or(json_, key, fallback, place_);
  }

  std::vector<std::string> texts(std::string_view key) const {
    const Json* list = find(key);
    if (list == nullptr) return {};
    if (!list->is_array()) refuse(at(key), "expected an array of strings", {});
    std::vector<std::string> out;
    for (const Json& entry : *list) {
      if (!entry.is_string()) {
        refuse(fmt::format("{}/{}", at(key), out.size()), "expected a string", {});
      }
      out.push_back(entry.get<std::string>());
    }
    return out;
  }

  std::map<std::string, std::string> text_map(std::string_view key) const {
    const Json* object = find(key);
    std::map<std::string, std::string> out;
    if (object == nullptr) return out;
    const Section inner(*object, at(key));
    for (const auto& [name, value] : object->items())
      out[name] = string_at(*object, name, at(key));
    return out;
  }

  Clock::duration duration(std::string_view key, Clock::duration fallback) const {
    if (find(key) == nullptr) return fallback;
    const std::string word = text(key);
    const auto parsed = parse_duration(word);
    if (!parsed) {
      refuse(
          at(key),
          fmt::format("'{}' is no duration", word),
          "Write a whole number and a unit: \"500ms\", \"30s\", \"10m\", \"1h\"."
      );
    }
    return *parsed;
  }

  std::string word(
      std::string_view key, std::string_view fallback, const std::vector<std::string>& allowed
  ) const {
    std::string value = text(key, std::string(fallback));
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      refuse(
          at(key),
          fmt::format("'{}' is not known", value),
          fmt::format("Allowed are {}.", listing(allowed))
      );
    }
    return value;
  }

  void only(const std::vector<std::string>& allowed) const {
    for (const auto& [key, value] : json_.items()) {
      if (std::find(allowed.begin(), allowed.end(), key) != allowed.end()) continue;
      const auto near = nearest(key, allowed);
      refuse(
          at(key),
          "unknown key",
          near ? fmt::format("Did you mean \"{}\"? Allowed are {}.", *near, listing(allowed, 16))
               : fmt::format("Allowed are {}.", listing(allowed, 16))
      );
    }
  }

  [[noreturn]] static void refuse(
      std::string_view where, std::string_view problem, std::string hint
  ) {
    throw Failure(Code::invalid, fmt::format("{}: {}", where, problem), std::move(hint));
  }

 private:
  const Json& json_;
  std::string place_;
};

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

void read_extension(const Section& server, SourceConfig& source) {
  const Json none = Json::object();
  const Json* found = server.find("opsroom");
  const Section ours(found != nullptr ? *found : none, server.at("opsroom"));
  ours.only({"scope", "timeout", "maxTotal", "allow", "deny", "trust"});
  source.scope = scope_of(ours.word("scope", "lane", {"host", "lane", "step"}));
  source.timeout = ours.duration("timeout", server_timeout);
  source.max_total = ours.duration("maxTotal", std::max(longest_call, source.timeout));
  source.filter = NameFilter{ours.texts("allow"), ours.texts("deny")};
  source.trusted = ours.flag("trust", false);
}

SourceConfig read_server(const std::string& name, const Section& server, const Expander& expander) {
  SourceConfig source;
  source.name = name;
  source.place = server.place();
  read_extension(server, source);
  if (server.find("command") == nullptr && server.find("url") != nullptr) {
    source.refusal = "it is an HTTP server, and only stdio servers can be used";
    return source;
  }
  const std::string command = expander.expand(server.text("command"), source.title());
  if (command.empty()) {
    Section::refuse(server.at("command"), "required, but missing", "Name the program to start.");
  }
  source.argv.push_back(command);
  for (const std::string& argument : server.texts("args")) {
    source.argv.push_back(expander.expand(argument, source.title()));
  }
  for (const auto& [variable, value] : server.text_map("env")) {
    source.environment[variable] = expander.expand(value, source.title());
  }
  source.directory = expander.expand(server.text("cwd"), source.title());
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

SourceConfig read_plugin(const std::string& name, const Section& plugin, const Expander& expander) {
  plugin.only({"library", "isolation", "timeout", "maxTotal", "allow", "deny", "trust", "env"});
  SourceConfig source = plugin_defaults(name, plugin.place());
  source.library = plugin.text("library", source.library.string());
  // "inprocess" has its place here; it needs the operator's digest check first, so it is refused.
  plugin.word("isolation", "process", {"process"});
  source.timeout = plugin.duration("timeout", plugin_timeout);
  source.max_total = plugin.duration("maxTotal", std::max(longest_call, source.timeout));
  source.filter = NameFilter{plugin.texts("allow"), plugin.texts("deny")};
  source.trusted = plugin.flag("trust", true);
  for (const auto& [variable, value] : plugin.text_map("env")) {
    source.environment[variable] = expander.expand(value, source.title());
  }
  return source;
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
      add(config, read_plugin(name, Section(entry, section.at(name)), expander));
    }
  }
  return config;
}

ToolsConfig default_tools_config() {
  ToolsConfig config;
  for (const char* name : {"exec", "files", "git"}) {
    add(config, plugin_defaults(name, fmt::format("the default configuration, plugin '{}'", name)));
  }
  return config;
}

std::optional<Clock::duration> parse_duration(std::string_view text) {
  long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value <= 0 || value > 100'000'000) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit == "ms") return Clock::duration(std::chrono::milliseconds(value));
  if (unit == "s") return Clock::duration(std::chrono::seconds(value));
  if (unit == "m") return Clock::duration(std::chrono::minutes(value));
  if (unit == "h") return Clock::duration(std::chrono::hours(std::min(value, 1'000'000L)));
  return std::nullopt;
}

std::string duration_text(Clock::duration duration) {
  const auto ms = std::chrono::duration_cast<Milliseconds>(duration).count();
  if (ms % 1000 != 0 || ms == 0) return fmt::format("{} ms", ms);
  if (ms % 3'600'000 == 0) return fmt::format("{} h", ms / 3'600'000);
  if (ms % 60'000 == 0) return fmt::format("{} min", ms / 60'000);
  return fmt::format("{} s", ms / 1000);
}

}  // namespace opsroom::tools
