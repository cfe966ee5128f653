#pragma once
#include "patch_text.hpp"

#include <string>
#include <vector>

namespace opsroom::files {

/// A hunk that does not fit.
struct Misfit {
  std::size_t hunk = 0;
  std::size_t patch_line = 0;
  std::size_t file_line = 0;  ///< where it should have been
  std::string reason;
  std::vector<std::string> expected;
  std::vector<std::string> found;
};

struct Applied {
  std::string text;
  std::size_t farthest = 0;  ///< the most lines a hunk was moved by
  std::vector<Misfit> misfits;
};

/// Applies the hunks as `git apply` does: every old line must be there as it is, at the place or
/// the nearest one where it fits. `fuzz`: how many lines of context may differ at each end.
Applied apply_hunks(const std::string& text, const std::vector<Hunk>& hunks, std::size_t fuzz);

}  // namespace opsroom::files
