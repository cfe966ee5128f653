#include "tools/surface.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"
#include "schema/regex.hpp"
#include "tools/surface_differences.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace opsroom::tools {
namespace {

constexpr std::array<const char*, 5> members{
    "title", "description", "inputSchema", "outputSchema", "annotations"
};

Json shown_part(const Json& tool) {
  Json part = Json::object();
  for (const char* member : members) {
    const auto found = tool.find(member);
    if (found != tool.end() && !found->is_null()) part[member] = *found;
  }
  return part;
}

std::string description_of(const Json& tool) {
  const auto found = tool.find("description");
  if (found == tool.end() || !found->is_string()) return {};
  return found->get<std::string>();
}

/// Characters that nobody sees, or that make others look like something else.
bool hides(char32_t c) {
  const bool control = c < 0x20 || (c >= 0x7F && c < 0xA0);
  const bool zero_width = (c >= 0x200B && c <= 0x200F) || c == 0xFEFF || c == 0x00AD;
  const bool direction = (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x2069);
  const bool tag = (c >= 0xE0000 && c <= 0xE007F) || (c >= 0xE0100 && c <= 0xE01EF);
  return control || zero_width || direction || tag;
}

Change added(const std::string& name, const Json& tool) {
  Change change{Change::Kind::added, name, {}, {}};
  const std::string description = description_of(tool);
  for (const std::string& line : split_lines(description))
    change.lines.push_back("+ " + visible(line));
  return change;
}

}  // namespace

Surface::Surface(const std::vector<Json>& listed, const Redactor& redactor) {
  for (const Json& tool : listed) {
    Json part = shown_part(tool);
    redactor.json(part);
    tools_.emplace(redactor.text(tool.at("name").get<std::string>()), std::move(part));
  }
}

// nlohmann keeps members sorted, so the same content is the same text.
std::string Surface::digest() const {
  return sha256_hex(dump(to_json()));
}

Surface Surface::from_json(const Json& tools, std::string_view where) {
  if (!tools.is_object()) {
    throw Failure(
        Code::invalid, fmt::format("{}: expected an object, got {}", where, json_type(tools))
    );
  }
  Surface surface;
  for (const auto& [name, tool] : tools.items()) {
    if (!tool.is_object()) {
      throw Failure(Code::invalid, fmt::format("{}/{}: expected an object", where, name));
    }
    surface.tools_.emplace(name, shown_part(tool));
  }
  return surface;
}

std::string_view to_string(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::added:
      return "added";
    case Change::Kind::removed:
      return "removed";
    case Change::Kind::renamed:
      return "renamed";
    case Change::Kind::changed:
      return "changed";
    case Change::Kind::command:
      return "command";
  }
  return "changed";
}

std::vector<Change> compare(const Surface& pinned, const Surface& now) {
  std::vector<Change> changes;
  Surface::Tools fresh;
  for (const auto& [name, tool] : now.tools()) {
    const auto before = pinned.tools().find(name);
    if (before == pinned.tools().end()) {
      fresh.emplace(name, tool);
    } else if (before->second != tool) {
      changes.push_back({Change::Kind::changed, name, {}, tool_differences(before->second, tool)});
    }
  }
  for (const auto& [name, tool] : pinned.tools()) {
    if (now.tools().contains(name)) continue;
    const auto same = std::find_if(fresh.begin(), fresh.end(), [&](const auto& entry) {
      return entry.second == tool;
    });
    if (same == fresh.end()) {
      changes.push_back({Change::Kind::removed, name, {}, {}});
    } else {
      changes.push_back({Change::Kind::renamed, same->first, name, {}});
      fresh.erase(same);
    }
  }
  for (const auto& [name, tool] : fresh)
    changes.push_back(added(name, tool));
  return changes;
}

std::string to_text(const std::vector<Change>& changes, std::size_t most) {
  std::vector<std::string> lines;
  for (const Change& change : changes) {
    const std::string tool = visible(change.tool);
    switch (change.kind) {
      case Change::Kind::added:
        lines.push_back(fmt::format("+ added    {}", tool));
        break;
      case Change::Kind::removed:
        lines.push_back(fmt::format("- removed  {}", tool));
        break;
      case Change::Kind::renamed:
        lines.push_back(fmt::format("~ renamed  {} is now {}", visible(change.was), tool));
        break;
      case Change::Kind::changed:
        lines.push_back(fmt::format("~ changed  {}", tool));
        break;
      case Change::Kind::command:
        lines.push_back("~ command");
        break;
    }
    for (const std::string& line : change.lines)
      lines.push_back("    " + line);
  }
  std::string text;
  for (std::size_t i = 0; i < lines.size() && i < most; ++i)
    text += (i == 0 ? "" : "\n") + lines[i];
  if (lines.size() > most) text += fmt::format("\n... and {} more lines", lines.size() - most);
  return text;
}

Json to_json(const std::vector<Change>& changes) {
  Json array = Json::array();
  for (const Change& change : changes) {
    Json entry{{"kind", to_string(change.kind)}, {"lines", change.lines}};
    if (!change.tool.empty()) entry["tool"] = change.tool;
    if (!change.was.empty()) entry["was"] = change.was;
    array.push_back(std::move(entry));
  }
  return array;
}

std::string visible(std::string_view text) {
  std::u32string out;
  for (const char32_t c : schema::decode_utf8(text)) {
    if (!hides(c)) {
      out.push_back(c);
    } else {
      for (const char letter : fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c)))
        out.push_back(static_cast<char32_t>(letter));
    }
  }
  return schema::encode_utf8(out);
}

}  // namespace opsroom::tools
