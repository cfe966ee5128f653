#include "tools/config_import.hpp"

#include "base/failure.hpp"
#include "tools/foreign_variables.hpp"
#include "tools/secret_guess.hpp"
#include "tools/surface.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace opsroom::tools {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

std::string source_name(std::string_view original) {
  std::string name;
  for (const char c : original.substr(0, 64)) {
    const auto letter = static_cast<unsigned char>(c);
    const bool plain = std::isalnum(letter) != 0 || c == '_' || c == '-';
    name += plain ? static_cast<char>(std::tolower(letter)) : '-';
  }
  return name.empty() ? "server" : name;
}

/// Reads one entry, writing down everything that is not taken over as it stands.
class Reader {
 public:
  Reader(const std::string& original, const Json& json) : json_(json) {
    server_.original = original;
    server_.name = source_name(original);
  }

  ForeignServer run() {
    if (!json_.is_object()) {
      server_.refusal = "its entry is no object";
      return std::move(server_);
    }
    if (server_.name != server_.original) {
      note(fmt::format("'{}' becomes '{}'", visible(server_.original), server_.name));
    }
    if (is_remote()) return std::move(server_);
    if (!texts_only()) return std::move(server_);
    if (json_["command"].get_ref<const std::string&>().empty()) {
      server_.refusal = "its \"command\" is empty";
      return std::move(server_);
    }
    server_.entry["command"] = translated(json_["command"].get<std::string>(), "command");
    arguments();
    environment();
    const auto cwd = given("cwd", "").get<std::string>();
    if (!cwd.empty()) server_.entry["cwd"] = translated(cwd, "cwd");
    if (json_.value("disabled", Json()) == true || json_.value("enabled", Json()) == false) {
      server_.entry["disabled"] = true;
      note("it is disabled there, and here");
    }
    left_out();
    return std::move(server_);
  }

 private:
  void note(std::string text) { server_.notes.push_back(std::move(text)); }

  bool is_remote() {
    const Json type = json_.value("type", Json());
    const bool remote = type == "http" || type == "sse" || type == "streamable-http";
    if (!remote && (json_.contains("command") || !json_.contains("url"))) return false;
    server_.refusal = "it is an HTTP server, and only stdio servers can be used";
    return true;
  }

  bool texts_only() {
    const auto is_word = [](const Json& value) { return value.is_primitive() && !value.is_null(); };
    const auto is_value = [](const Json& value) { return value.is_primitive(); };
    const auto command = json_.find("command");
    const Json args = given("args", Json::array());
    const Json env = given("env", Json::object());
    const bool fine = command != json_.end() && command->is_string() && args.is_array() &&
                      std::all_of(args.begin(), args.end(), is_word) && env.is_object() &&
                      std::all_of(env.begin(), env.end(), is_value) && given("cwd", "").is_string();
    if (!fine) {
      server_.refusal =
          "it needs a text \"command\", and \"args\" and \"env\" that consist of texts";
    }
    return fine;
  }

  /// A member of the entry; null is as good as absent.
  Json given(const char* key, Json fallback) const {
    const auto found = json_.find(key);
    return found == json_.end() || found->is_null() ? fallback : *found;
  }

  static std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : dump(value);
  }

  std::string translated(const std::string& text, const std::string& place) {
    Translation translation = translate_variables(text);
    for (const std::string& remark : translation.notes)
      note(fmt::format("{}: {}", place, remark));
    return translation.text;
  }

  void arguments() {
    OrderedJson args = OrderedJson::array();
    for (const Json& argument : given("args", Json::array())) {
      const std::string word = text_of(argument);
      if (looks_like_a_secret("", word)) {
        note("an argument looks like a secret; it is taken over as it stands");
      }
      args.push_back(translated(word, "args"));
    }
    if (!args.empty()) server_.entry["args"] = std::move(args);
  }

  void environment() {
    OrderedJson variables = OrderedJson::object();
    const Json env = given("env", Json::object());
    for (const auto& [name, value] : env.items()) {
      if (value.is_null()) continue;
      const std::string text = text_of(value);
      if (looks_like_a_secret(name, text)) {
        note(fmt::format(
            "the value of {} looks like a secret; it is taken over as it stands, and "
            "\"${{env:{}}}\" "
            "would keep it out of the file",
            visible(name),
            visible(name)
        ));
      }
      variables[name] = translated(text, "env " + visible(name));
    }
    if (!variables.empty()) server_.entry["env"] = std::move(variables);
  }

  void left_out() {
    constexpr std::array known{"command", "args", "env", "cwd", "disabled", "enabled", "type"};
    std::vector<std::string> others;
    for (const auto& [key, value] : json_.items()) {
      if (std::find(known.begin(), known.end(), key) == known.end()) others.push_back(visible(key));
    }
    if (!others.empty()) note(fmt::format("not taken over: {}", fmt::join(others, ", ")));
  }

  const Json& json_;
  ForeignServer server_;
};

/// Two names of one place may become the same here: then the second gets a number.
void tell_apart(ForeignServer& server, const std::vector<ForeignServer>& others) {
  const std::string wanted = server.name;
  const auto taken = [&] {
    return std::any_of(others.begin(), others.end(), [&](const ForeignServer& other) {
      return other.name == server.name;
    });
  };
  for (int number = 2; taken(); ++number)
    server.name = fmt::format("{}-{}", wanted.substr(0, 60), number);
  if (server.name == wanted) return;
  server.notes.push_back(
      fmt::format("another server is '{}' already, so this one is '{}'", wanted, server.name)
  );
}

void read_servers(const Json* servers, std::vector<ForeignServer>& into) {
  if (servers == nullptr || !servers->is_object()) return;
  std::vector<ForeignServer> fresh;
  for (const auto& [name, entry] : servers->items()) {
    ForeignServer server = Reader(name, entry).run();
    tell_apart(server, fresh);
    fresh.push_back(std::move(server));
  }
  for (ForeignServer& server : fresh) {
    // The more special place comes later, and wins.
    std::erase_if(into, [&](const ForeignServer& other) { return other.name == server.name; });
    into.push_back(std::move(server));
  }
}

const Json* find(const Json& json, const std::string& key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() ? &*found : nullptr;
}

const Json* find(const Json* json, const std::string& key) {
  return json == nullptr ? nullptr : find(*json, key);
}

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_-./:@%+=,").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return visible(quoted) + "'";
}

}  // namespace

ForeignApp foreign_app(std::string_view word) {
  if (word == "claude") return ForeignApp::claude;
  if (word == "cursor") return ForeignApp::cursor;
  if (word == "vscode") return ForeignApp::vscode;
  throw Failure(
      Code::invalid,
      fmt::format("nothing can be imported from '{}'", word),
      "Known are claude, cursor and vscode."
  );
}

std::vector<fs::path> foreign_files(ForeignApp app, const fs::path& home, const fs::path& project) {
  std::vector<fs::path> places;
  switch (app) {
    case ForeignApp::claude:
      places = {
          home / ".config/Claude/claude_desktop_config.json",
          home / ".claude.json",
          project / ".mcp.json"
      };
      break;
    case ForeignApp::cursor:
      places = {home / ".cursor/mcp.json", project / ".cursor/mcp.json"};
      break;
    case ForeignApp::vscode:
      places = {home / ".config/Code/User/mcp.json", project / ".vscode/mcp.json"};
      break;
  }
  return places;
}

std::vector<ForeignServer> read_foreign(
    std::string_view text, const fs::path& file, const fs::path& project
) {
  const Json document = parse_json(without_comments(text), file.string());
  if (!document.is_object()) {
    throw Failure(
        Code::invalid,
        fmt::format("{}: expected an object, got {}", file.string(), json_type(document))
    );
  }
  std::vector<ForeignServer> servers;
  read_servers(find(document, "mcpServers"), servers);
  read_servers(find(document, "servers"), servers);
  read_servers(find(find(document, "mcp"), "servers"), servers);
  const Json* here = find(find(document, "projects"), project.string());
  read_servers(find(here, "mcpServers"), servers);
  return servers;
}

std::string without_comments(std::string_view text) {
  std::string out(text);
  std::size_t comma = std::string::npos;  // one with nothing but space behind it so far
  for (std::size_t i = 0; i < out.size(); ++i) {
    const char c = out[i];
    if (c == '"') {
      comma = std::string::npos;
      for (++i; i < out.size() && out[i] != '"'; ++i)
        i += out[i] == '\\' ? 1 : 0;
    } else if (c == '/' && i + 1 < out.size() && out[i + 1] == '/') {
      while (i < out.size() && out[i] != '\n')
        out[i++] = ' ';
    } else if (c == '/' && i + 1 < out.size() && out[i + 1] == '*') {
      const std::size_t end = out.find("*/", i + 2);
      const std::size_t stop = end == std::string::npos ? out.size() : end + 2;
      for (; i < stop; ++i)
        out[i] = out[i] == '\n' ? '\n' : ' ';
      --i;
    } else if (c == ',') {
      comma = i;
    } else if ((c == '}' || c == ']') && comma != std::string::npos) {
      out[comma] = ' ';
      comma = std::string::npos;
    } else if (std::isspace(static_cast<unsigned char>(c)) == 0) {
      comma = std::string::npos;
    }
  }
  return out;
}

std::string command_line(const OrderedJson& entry) {
  std::string line = shell_word(entry.value("command", ""));
  for (const OrderedJson& word : entry.value("args", OrderedJson::array()))
    line += " " + shell_word(word.get<std::string>());
  return line;
}

}  // namespace opsroom::tools
