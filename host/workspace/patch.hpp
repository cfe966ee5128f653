#pragma once

#include "base/async.hpp"
#include "base/json.hpp"
#include "workspace/git.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace opsroom::workspace {

/// The difference of two trees, for people and for the page.
struct Patch {
  std::string text;        ///< raw bytes, as git writes it; empty when larger than the limit
  bool truncated = false;  ///< the text or the list was left out for its size
  Json files = Json::array();
  std::size_t file_count = 0;
};

struct PatchLimits {
  std::size_t bytes = 1u << 20;
  std::size_t files = 5000;
};

/// Compares two trees of `git_dir`. Touches no working tree; attributes of the lane play no part,
/// so that a lane can't hide a change behind one.
Task<Patch> make_patch(
    Git& git, std::filesystem::path git_dir, std::string from, std::string to, PatchLimits limits
);

/// [{path, status, added, deleted, from?, binary?}] of `diff-tree -z --raw --numstat`; exposed for
/// its tests. Paths become valid UTF-8. `count` gets the number of all files, the list holds
/// `most`.
Json parse_file_list(std::string_view output, std::size_t most, std::size_t& count);

}  // namespace opsroom::workspace
