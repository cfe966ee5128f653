#pragma once
#include "change.hpp"
#include "patch.hpp"
#include "patch_text.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::files {

/// What a patch makes of the checkout, worked out in memory: a later file of the patch sees what an
/// earlier one has made. Nothing is written.
class PatchPlan {
 public:
  PatchPlan(const Lane& lane, const tool::Call& call, std::size_t fuzz)
      : lane_(lane), call_(call), fuzz_(fuzz) {}

  /// Notes the file and its conflicts in `result`. Throws std::runtime_error for paths that are not
  /// allowed and files that can't be read.
  void add(const FilePatch& patch, PatchResult& result);

  /// The changes that lead there, deletions last. Makes missing directories.
  std::vector<Change> changes(std::vector<std::filesystem::path>& new_directories) const;
  /// The files that will be gone.
  std::vector<std::filesystem::path> removed() const;

 private:
  struct Slot {
    std::optional<struct stat> before;
    std::string text_before;
    std::optional<std::string> text;
    mode_t mode = 0666;
  };

  Slot& slot(const std::string& path, std::size_t line);
  void put(const FilePatch& patch, const Slot& source, std::string text);
  void create_directories_for(
      const std::filesystem::path& path, std::vector<std::filesystem::path>& made
  ) const;

  const Lane& lane_;
  const tool::Call& call_;
  std::size_t fuzz_;
  std::map<std::string, Slot> slots_;
};

}  // namespace opsroom::files
