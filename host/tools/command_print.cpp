#include "tools/command_print.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "tools/surface.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> fetchers{"npx", "uvx", "bunx", "pipx", "pnpx"};
constexpr std::array<std::string_view, 17> script_endings{
    ".js",
    ".mjs",
    ".cjs",
    ".ts",
    ".mts",
    ".cts",
    ".tsx",
    ".py",
    ".pyz",
    ".rb",
    ".sh",
    ".pl",
    ".php",
    ".lua",
    ".jar",
    ".wasm",
    ".ps1"
};

/// The word with every secret in it replaced by its name.
std::string written(std::string word, const std::vector<Secret>& secrets) {
  for (const Secret& secret : secrets) {
    if (secret.value.empty()) continue;
    const std::string name = fmt::format("${{{}}}", secret.name);
    for (std::size_t at = word.find(secret.value); at != std::string::npos;
         at = word.find(secret.value, at + name.size())) {
      word.replace(at, secret.value.size(), name);
    }
  }
  return word;
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

/// Where the program named by a command's first word lies; empty when it is nowhere.
fs::path find_program(const std::string& word, const process::SpawnSpec& spawn) {
  if (word.find('/') != std::string::npos) return spawn.directory / word;
  const auto path = spawn.environment.find("PATH");
  std::string_view rest = path == spawn.environment.end() ? "" : std::string_view(path->second);
  while (!rest.empty()) {
    const std::size_t colon = rest.find(':');
    const fs::path candidate = spawn.directory / rest.substr(0, colon) / word;
    if (is_file(candidate) && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  return {};
}

bool is_script(const fs::path& path) {
  if (!is_file(path)) return false;
  const std::string ending = path.extension().string();
  return std::find(script_endings.begin(), script_endings.end(), ending) != script_endings.end() ||
         ::access(path.c_str(), X_OK) == 0;
}

std::string short_digest(const std::string& digest) {
  return digest.substr(0, 12);
}

}  // namespace

std::string CommandPrint::digest() const {
  Json digests = Json::object();
  for (const auto& [word, file] : files)
    digests[word] = file.sha256;
  return sha256_hex(dump(Json{{"argv", argv}, {"files", std::move(digests)}}));
}

Json CommandPrint::to_json() const {
  Json listed = Json::object();
  for (const auto& [word, file] : files)
    listed[word] = Json{{"path", file.path}, {"sha256", file.sha256}};
  return {{"argv", argv}, {"files", std::move(listed)}, {"sha256", digest()}};
}

CommandPrint CommandPrint::from_json(const Json& json, std::string_view where) {
  CommandPrint print;
  const Json& words = member(json, "argv", where);
  for (const Json& word : words) {
    if (!words.is_array() || !word.is_string()) {
      throw Failure(Code::invalid, fmt::format("{}/argv: expected an array of strings", where));
    }
    print.argv.push_back(word.get<std::string>());
  }
  const Json& files = member(json, "files", where);
  for (const auto& [word, file] : files.items()) {
    const std::string place = fmt::format("{}/files/{}", where, word);
    print.files[word] = {string_or(file, "path", "", place), string_at(file, "sha256", place)};
  }
  return print;
}

std::vector<std::string> command_differences(const CommandPrint& was, const CommandPrint& now) {
  std::vector<std::string> lines;
  if (was.argv != now.argv) {
    lines.push_back("- " + visible(fmt::format("{}", fmt::join(was.argv, " "))));
    lines.push_back("+ " + visible(fmt::format("{}", fmt::join(now.argv, " "))));
  }
  std::set<std::string> words;
  for (const CommandPrint* side : {&was, &now}) {
    for (const auto& [word, file] : side->files)
      words.insert(word);
  }
  for (const std::string& word : words) {
    const auto before = was.files.find(word);
    const auto after = now.files.find(word);
    const bool both = before != was.files.end() && after != now.files.end();
    if (both && before->second == after->second) continue;
    const auto text = [](const auto& at, const auto& files) {
      return at == files.end() ? std::string("(not there)") : short_digest(at->second.sha256);
    };
    const std::string& path = after != now.files.end() ? after->second.path : before->second.path;
    lines.push_back(fmt::format(
        "{} ({}): sha256 {} -> {}",
        visible(word),
        visible(path),
        text(before, was.files),
        text(after, now.files)
    ));
  }
  return lines;
}

bool fetches_its_program(const std::vector<std::string>& argv) {
  if (argv.empty()) return false;
  const std::string name = fs::path(argv.front()).filename().string();
  return std::find(fetchers.begin(), fetchers.end(), name) != fetchers.end();
}

CommandPrint CommandPrinter::print(const SourceConfig& source, const process::SpawnSpec& spawn) {
  CommandPrint print;
  if (source.kind == SourceConfig::Kind::plugin) {
    // The runner is a part of opsroom; what it loads is the plugin.
    const std::string word = source.library.string();
    print.argv = {word};
    print.files[word] = {spawn.argv.back(), digest_of(spawn.argv.back())};
    return print;
  }
  for (const std::string& word : spawn.argv)
    print.argv.push_back(written(word, source.secrets));
  if (spawn.argv.empty() || fetches_its_program(spawn.argv)) return print;
  const fs::path program = find_program(spawn.argv.front(), spawn);
  if (is_file(program)) {
    print.files[print.argv.front()] = {
        written(program.string(), source.secrets), digest_of(program)
    };
  }
  for (std::size_t i = 1; i < spawn.argv.size(); ++i) {
    const fs::path file = spawn.directory / spawn.argv[i];
    if (!is_script(file)) continue;
    print.files[print.argv[i]] = {written(file.string(), source.secrets), digest_of(file)};
  }
  return print;
}

// A file that was written to, replaced or touched has another inode or another time of change,
// which no program without privileges can set.
std::string CommandPrinter::digest_of(const fs::path& file) {
  struct stat now{};
  if (::stat(file.c_str(), &now) != 0) throw system_failure(errno, "stat " + file.string());
  const auto nanoseconds = [](const timespec& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
  };
  Known found{
      now.st_dev, now.st_ino, now.st_size, nanoseconds(now.st_mtim), nanoseconds(now.st_ctim), {}
  };
  const auto known = known_.find(file);
  if (known != known_.end() && known->second.device == found.device &&
      known->second.node == found.node && known->second.size == found.size &&
      known->second.modified_ns == found.modified_ns &&
      known->second.changed_ns == found.changed_ns) {
    return known->second.sha256;
  }
  found.sha256 = sha256_of_file(file);
  known_[file] = found;
  return found.sha256;
}

}  // namespace opsroom::tools
