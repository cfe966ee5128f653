#include "base/failure.hpp"
#include "base/files.hpp"
#include "cli/books.hpp"
#include "cli/tools_text.hpp"
#include "cli/tools_verbs.hpp"
#include "tools/config_import.hpp"
#include "tools/surface.hpp"
#include "tools/tools_config.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace opsroom::cli {
namespace {

namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;
using tools::ForeignServer;

constexpr std::size_t largest_file = 16u << 20;

/// Where the servers go. The members of the file stay in the order they have.
struct Target {
  fs::path file;
  OrderedJson document = OrderedJson::object();
};

Target open_target(const Context& context) {
  Target target;
  target.file =
      context.settings.tools.empty() ? fs::absolute("tools.json") : context.settings.tools;
  if (!fs::exists(target.file)) return target;
  const std::string text = read_file(target.file, largest_file);
  // Says what is wrong with it, better than the second reading would.
  tools::parse_tools_config(parse_json(text, target.file.filename().string()), target.file);
  target.document = OrderedJson::parse(text);
  return target;
}

std::vector<fs::path> files_to_read(const ImportTools& verb) {
  if (!verb.file.empty()) return {fs::absolute(verb.file)};
  const char* home = std::getenv("HOME");
  const auto places = tools::foreign_files(
      tools::foreign_app(verb.app), home == nullptr ? "/" : home, fs::current_path()
  );
  std::vector<fs::path> there;
  std::vector<std::string> names;
  for (const fs::path& place : places) {
    names.push_back(place.string());
    if (fs::exists(place)) there.push_back(place);
  }
  if (there.empty()) {
    throw Failure(
        Code::not_found,
        fmt::format(
            "{} keeps no servers here: there is no {}", verb.app, fmt::join(names, ", no ")
        ),
        fmt::format("Name its file: `opsroom tools import {} FILE`.", verb.app)
    );
  }
  return there;
}

/// What the person chose by --name, renamed as wished; all when nothing was said.
std::vector<ForeignServer> choose(std::vector<ForeignServer> found, const ImportTools& verb) {
  if (verb.names.empty()) return found;
  std::vector<ForeignServer> chosen;
  for (const std::string& word : verb.names) {
    const auto equals = word.find('=');
    const std::string wanted = word.substr(0, equals);
    const auto at = std::find_if(found.begin(), found.end(), [&](const ForeignServer& server) {
      return server.name == wanted || server.original == wanted;
    });
    if (at == found.end()) {
      std::vector<std::string> names;
      for (const ForeignServer& server : found)
        names.push_back(tools::visible(server.original));
      throw Failure(
          Code::not_found,
          fmt::format("there is no server '{}'", wanted),
          fmt::format("There are {}.", fmt::join(names, ", "))
      );
    }
    chosen.push_back(*at);
    if (equals != std::string::npos) chosen.back().name = word.substr(equals + 1);
  }
  return chosen;
}

enum class Fate { added, replaced, kept, left_out };

std::string_view to_string(Fate fate) {
  switch (fate) {
    case Fate::added:
      return "added";
    case Fate::replaced:
      return "replaced";
    case Fate::kept:
      return "not taken: tools.json has one of this name already (--force replaces it)";
    case Fate::left_out:
      return "not taken";
  }
  return "not taken";
}

Fate merge(const ForeignServer& server, OrderedJson& document, bool force) {
  if (!server.refusal.empty()) return Fate::left_out;
  OrderedJson& servers = document["mcpServers"];
  if (servers.is_null()) servers = OrderedJson::object();
  const bool plugin = document.contains("plugins") && document["plugins"].contains(server.name);
  const bool there = servers.contains(server.name);
  if (plugin || (there && !force)) return Fate::kept;
  // What was said to opsroom about it stays, whatever the other program says.
  OrderedJson entry = server.entry;
  if (there && servers[server.name].contains("opsroom")) {
    entry["opsroom"] = servers[server.name]["opsroom"];
  }
  servers[server.name] = std::move(entry);
  return there ? Fate::replaced : Fate::added;
}

void print_server(const ForeignServer& server, Fate fate) {
  fmt::print("{}: {}", tools::visible(server.name), to_string(fate));
  fmt::print("{}\n", server.refusal.empty() ? "" : ": " + server.refusal);
  if (!server.refusal.empty()) return;
  fmt::print("    {}\n", tools::command_line(server.entry));
  if (const auto cwd = server.entry.find("cwd"); cwd != server.entry.end()) {
    fmt::print("    in {}\n", tools::visible(cwd->get<std::string>()));
  }
  if (const auto env = server.entry.find("env"); env != server.entry.end()) {
    std::vector<std::string> names;
    for (const auto& [name, value] : env->items())
      names.push_back(tools::visible(name));
    fmt::print("    with {}\n", fmt::join(names, ", "));
  }
  for (const std::string& note : server.notes)
    fmt::print("    note: {}\n", safe_lines(note));
}

Json to_json(const ForeignServer& server, Fate fate) {
  constexpr std::array<const char*, 4> words{"added", "replaced", "kept", "left_out"};
  return {
      {"name", server.name},
      {"original", server.original},
      {"fate", words.at(static_cast<std::size_t>(fate))},
      {"command", server.refusal.empty() ? tools::command_line(server.entry) : ""},
      {"notes", server.notes},
      {"refusal", server.refusal}
  };
}

}  // namespace

int perform_tools(const Context& context, const ImportTools& verb) {
  tools::foreign_app(verb.app);
  Target target = open_target(context);
  std::vector<ForeignServer> found;
  for (const fs::path& file : files_to_read(verb)) {
    if (!context.json) fmt::print("reading {}\n", file.string());
    for (ForeignServer& server :
         tools::read_foreign(read_file(file, largest_file), file, fs::current_path())) {
      std::erase_if(found, [&](const ForeignServer& other) { return other.name == server.name; });
      found.push_back(std::move(server));
    }
  }
  if (found.empty()) throw Failure(Code::not_found, "no servers are configured there");
  Json report = Json::array();
  std::size_t taken = 0;
  for (const ForeignServer& server : choose(std::move(found), verb)) {
    const Fate fate = merge(server, target.document, verb.force);
    taken += fate == Fate::added || fate == Fate::replaced ? 1 : 0;
    report.push_back(to_json(server, fate));
    if (!context.json) print_server(server, fate);
  }
  if (taken > 0) {
    const std::string text = target.document.dump(2) + "\n";
    // Nothing is written that could not be read again.
    tools::parse_tools_config(parse_json(text, target.file.filename().string()), target.file);
    if (!verb.dry_run) write_file(target.file, text);
  }
  if (context.json) {
    fmt::print("{}\n", dump(Json{{"file", target.file.string()}, {"servers", report}}));
  } else if (taken == 0) {
    fmt::print("nothing to write\n");
  } else if (verb.dry_run) {
    fmt::print("dry run: {} is as it was\n", target.file.string());
  } else {
    fmt::print(
        "wrote {} ({} server{}); `opsroom tools doctor` looks at them\n",
        target.file.string(),
        taken,
        taken == 1 ? "" : "s"
    );
  }
  return 0;
}

}  // namespace opsroom::cli
