#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::process {

using Environment = std::map<std::string, std::string>;

/// HOME, LOGNAME, PATH, SHELL, TERM and USER of this process, where set: all that a child gets
/// unless its configuration names more.
Environment base_environment();

/// Resource limits of a child and its descendants; unset means inherited. A limit above what this
/// process may have itself means that most.
struct Limits {
  std::optional<std::uint64_t> address_space_bytes;  ///< breaks V8 below about 1 GiB
  std::optional<std::uint64_t> file_size_bytes;
  std::optional<std::uint64_t> open_files;
  std::optional<std::uint64_t> cpu_seconds;
};

/// Another user to become, for a host started as root.
struct RunAs {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

struct SpawnSpec {
  std::vector<std::string>
      argv;  ///< argv[0] is looked up on PATH of `environment` unless it has a slash
  std::filesystem::path directory;  ///< empty: where the host is
  Environment environment;          ///< exactly this, nothing inherited
  Limits limits;
  std::optional<RunAs> run_as;
  /// How long the tree may live, from its start on, until the host renews it
  /// (ChildProcess::trust_for); none: without limit. So not even a host that freezes before it has
  /// heard of the start leaves something behind.
  std::optional<std::chrono::milliseconds> trust{};
};

/// How the main process of a child ended.
struct ExitStatus {
  std::optional<int> code;
  std::optional<int> signal;
  bool ok() const { return code == 0; }
  std::string text() const;  ///< "exited with 3", "killed by SIGSEGV"
};

}  // namespace opsroom::process
