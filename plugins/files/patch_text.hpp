#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::files {

/// A line of a hunk. `text` has its newline, unless the patch says that there is none.
struct HunkLine {
  char kind;  ///< ' ' context, '-' old, '+' new
  std::string text;
};

struct Hunk {
  std::size_t number = 0;  ///< within its file, from 1
  std::size_t line = 0;    ///< of its @@ in the patch
  std::size_t old_start = 0;
  std::size_t old_count = 0;
  std::size_t new_start = 0;
  std::size_t new_count = 0;
  std::vector<HunkLine> lines;
};

/// What a patch does to one file.
struct FilePatch {
  enum class Kind { modify, create, remove, rename, copy };

  Kind kind = Kind::modify;
  std::string old_path;  ///< the same as new_path unless it is a rename or a copy
  std::string new_path;
  std::optional<bool> executable;  ///< when the patch sets it
  std::size_t line = 0;            ///< where it begins in the patch
  std::vector<Hunk> hunks;
};

/// Reads a unified diff, as git, diff -u and people write it; what stands around it is skipped.
/// `strip`: how many leading directories names lose; none: one if they begin with a/ and b/.
/// Throws BadArguments that names the line.
std::vector<FilePatch> read_patch(std::string_view text, std::optional<int> strip);

}  // namespace opsroom::files
