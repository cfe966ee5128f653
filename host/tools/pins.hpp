#pragma once

#include "base/async.hpp"
#include "base/failure.hpp"
#include "base/json.hpp"
#include "tools/command_print.hpp"
#include "tools/surface.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::tools {

/// What one source was when an operator accepted it.
struct Pin {
  CommandPrint command;
  Surface surface;
  std::string pinned_at;       ///< ISO 8601
  std::string surface_digest;  ///< of `surface`; what the audit log says
};

/// The content of opsroom.lock.
struct LockFile {
  bool strict = false;  ///< a source it doesn't name is refused
  std::map<std::string, Pin, std::less<>> sources;

  const Pin* find(const std::string& source) const;
};

/// Failure{invalid} names `name`, the JSON Pointer and what was expected.
LockFile parse_lock(const Json& document, const std::string& name);
Json to_json(const LockFile& lock);

/// $OPSROOM_LOCK, else opsroom.lock beside `tools_file`; empty when there is neither, so that
/// nothing is pinned.
std::filesystem::path lock_file_for(const std::filesystem::path& tools_file);

/// The lock file as it is now: read again when it has changed. Io thread only.
class Pins {
 public:
  /// An empty path: nothing is ever pinned.
  explicit Pins(std::filesystem::path file) : file_(std::move(file)) {}

  const std::filesystem::path& file() const { return file_; }

  /// The same object as long as the file has not changed, looked at once in 200 ms. A file that is
  /// not there pins nothing. Failure{invalid} when it is no lock file, so that a damaged one lets
  /// nothing pass.
  std::shared_ptr<const LockFile> now();

  /// Writes it, whole or not at all. Failure{invalid} when there is no place for it.
  void write(const LockFile& lock);

 private:
  struct Stamp {
    std::uint64_t node = 0;
    std::int64_t size = -1;
    std::int64_t changed_ns = 0;
    bool operator==(const Stamp&) const = default;
  };
  Stamp look() const;

  std::filesystem::path file_;
  std::shared_ptr<const LockFile> content_;
  Stamp stamp_;
  Clock::time_point looked_at_;
};

/// What of a source is not as pinned: its command first, then its tools.
std::vector<Change> drift_of_command(const Pin& pin, const CommandPrint& now);

/// Failure{forbidden} with the changes, readable, and the verbs that help.
Failure drift_failure(
    const std::string& source, const std::string& title, const std::vector<Change>& changes
);
/// Failure{forbidden}: the lock is strict and does not name the source.
Failure unpinned_failure(const std::string& source, const std::string& title);

}  // namespace opsroom::tools
