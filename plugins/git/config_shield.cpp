#include "config_shield.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace opsroom::git {
namespace {

struct Entry {
  std::string_view scope;
  std::string key;
  std::string value;
  bool from_repository() const { return scope == "local" || scope == "worktree"; }
};

/// The text up to the next NUL, which is removed.
std::string_view next(std::string_view& text) {
  const auto end = text.find('\0');
  const auto part = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return part;
}

std::vector<Entry> entries_of(std::string_view listed) {
  std::vector<Entry> entries;
  while (!listed.empty()) {
    const auto scope = next(listed);
    const auto setting = next(listed);
    const auto newline = setting.find('\n');
    // A key alone means true.
    entries.push_back(
        {scope,
         std::string(setting.substr(0, newline)),
         newline == std::string_view::npos ? "true" : std::string(setting.substr(newline + 1))}
    );
  }
  return entries;
}

std::string_view section_of(std::string_view key) {
  return key.substr(0, key.find('.'));
}

std::string_view name_of(std::string_view key) {
  return key.substr(key.rfind('.') + 1);
}

bool has_subsection(std::string_view key) {
  return key.find('.') != key.rfind('.');
}

/// What is said instead of a key that names a program; none for keys that name none.
std::optional<std::string> harmless(std::string_view key) {
  static const std::map<std::string, std::string, std::less<>> plain{
      {"core.sshcommand", "ssh -o BatchMode=yes"},
      {"core.askpass", ""},
      {"core.editor", "true"},
      {"core.pager", "cat"},
      {"core.alternaterefscommand", ""},
      {"sequence.editor", "true"},
      {"diff.external", ""},
  };
  if (const auto found = plain.find(key); found != plain.end()) return found->second;
  const auto section = section_of(key);
  const auto name = name_of(key);
  if (section == "filter" && name == "required") return "false";
  if (section == "filter" && (name == "clean" || name == "smudge" || name == "process")) return "";
  if (section == "diff" && has_subsection(key) && (name == "command" || name == "textconv"))
    return "";
  // An empty driver would take our side without a word; this one does what git does without any.
  if (section == "merge" && has_subsection(key) && name == "driver")
    return "git merge-file --marker-size=%L %A %O %B || exit 1";
  if (section == "gpg" && name == "program") return "false";
  // Not a program, but a way to the operator's passwords, or to overwrite a file of theirs.
  if (name == "proxy" && (section == "http" || section == "remote")) return "";
  if (section == "http" && (name == "cookiefile" || name == "curloptresolve")) return "";
  if (section == "http" && name == "savecookies") return "false";
  if (section == "http" && name == "sslverify") return "true";
  return std::nullopt;
}

bool is_credential_helper(std::string_view key) {
  return section_of(key) == "credential" && name_of(key) == "helper";
}

}  // namespace

Settings shield_against(std::string_view listed) {
  const auto entries = entries_of(listed);
  Settings shield;
  const auto add_once = [&](const std::string& key, const std::string& value) {
    const bool known = std::any_of(shield.begin(), shield.end(), [&](const auto& setting) {
      return setting.first == key;
    });
    if (!known) shield.emplace_back(key, value);
  };
  bool reset_helpers = false;
  for (const Entry& entry : entries) {
    if (!entry.from_repository()) continue;
    reset_helpers = reset_helpers || is_credential_helper(entry.key);
    auto instead = harmless(entry.key);
    if (!instead) continue;
    for (const Entry& other : entries)
      if (other.key == entry.key && !other.from_repository()) instead = other.value;
    add_once(entry.key, *instead);
  }
  if (!reset_helpers) return shield;
  // An empty helper forgets all before it; then the operator's again.
  shield.emplace_back("credential.helper", "");
  for (const Entry& entry : entries)
    if (is_credential_helper(entry.key) && !entry.from_repository())
      shield.emplace_back(entry.key, entry.value);
  return shield;
}

Settings always(bool hooks) {
  Settings settings{
      // A file system monitor is code the checkout chooses; signing may ask for a passphrase.
      {"core.fsmonitor", "false"},
      {"commit.gpgSign", "false"},
      {"tag.gpgSign", "false"},
      {"push.gpgSign", "false"},
      {"log.showSignature", "false"},
      // Nothing in the background, nothing in other repositories.
      {"gc.auto", "0"},
      {"maintenance.auto", "false"},
      {"submodule.recurse", "false"},
      {"push.recurseSubmodules", "no"},
      {"merge.conflictStyle", "merge"},
      {"core.quotePath", "false"},
      {"color.ui", "false"},
  };
  if (!hooks) settings.emplace_back("core.hooksPath", "/dev/null");
  return settings;
}

}  // namespace opsroom::git
