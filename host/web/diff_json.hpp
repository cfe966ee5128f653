#pragma once

#include "base/async.hpp"
#include "base/json.hpp"
#include "model/artifact.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace opsroom::web {

struct Services;

/// Beyond these a diff is cut and says `truncated`: nobody reads more in a page, and the page must
/// stay quick. The whole patch is under /content.
struct DiffLimits {
  std::size_t files = 1000;
  std::size_t lines = 20'000;
  std::size_t line_bytes = 4'000;
};

/// A git patch (`git diff-tree -p`) as `{"truncated", "files": [...]}`. Understands new, deleted,
/// renamed, copied, binary and mode-only files, quoted paths and missing newlines at the end. What
/// is no patch gives no files; it never throws for content. `added` and `deleted` count what the
/// patch has, even where lines were cut.
Json diff_files(std::string_view patch, DiffLimits limits);

/// The whole Diff shape of an artifact; Failure as Ledger::artifact_content.
Task<Json> read_diff(const Services& services, Artifact artifact);

}  // namespace opsroom::web
