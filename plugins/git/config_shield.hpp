#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace opsroom::git {

using Settings = std::vector<std::pair<std::string, std::string>>;

/// Settings to put over a repository's configuration so that no program it names is run: whoever
/// can write into a lane can write its .git/config. What the operator's own configuration (system,
/// global, environment) says for the same key is kept. `listed` is the output of
/// `git config --list --show-scope -z`.
Settings shield_against(std::string_view listed);

/// What holds for every command, whatever the repository says.
Settings always(bool hooks);

}  // namespace opsroom::git
