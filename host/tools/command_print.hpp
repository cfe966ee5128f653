#pragma once

#include "base/json.hpp"
#include "process/spawn_spec.hpp"
#include "tools/tools_config.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// What starts a source: its command line, and the bytes of the program and the scripts that the
/// command line names. Secrets stand in it by name only.
struct CommandPrint {
  struct File {
    std::string path;  ///< where it was found, for people; no part of the digest
    std::string sha256;

    bool operator==(const File& other) const { return sha256 == other.sha256; }
  };

  std::vector<std::string> argv;
  std::map<std::string, File, std::less<>> files;  ///< by the word of `argv` that names it

  std::string digest() const;
  Json to_json() const;
  /// Failure{invalid} names the place below `where`.
  static CommandPrint from_json(const Json& json, std::string_view where);

  bool operator==(const CommandPrint&) const = default;
};

/// In lines for people: what is not as it was.
std::vector<std::string> command_differences(const CommandPrint& was, const CommandPrint& now);

/// Whether the program is one that fetches another by name (npx, uvx): what it runs is decided
/// elsewhere, so that only the command line can be held on to.
bool fetches_its_program(const std::vector<std::string>& argv);

/// Takes prints, and remembers the digests of files that have not changed since. Blocks; one thread
/// at a time.
class CommandPrinter {
 public:
  /// `spawn` is what would be started for `source`. Failure names a file that cannot be read.
  CommandPrint print(const SourceConfig& source, const process::SpawnSpec& spawn);

 private:
  struct Known {
    std::uint64_t device;
    std::uint64_t node;
    std::int64_t size;
    std::int64_t modified_ns;
    std::int64_t changed_ns;
    std::string sha256;
  };

  std::string digest_of(const std::filesystem::path& file);

  std::map<std::filesystem::path, Known> known_;
};

}  // namespace opsroom::tools
