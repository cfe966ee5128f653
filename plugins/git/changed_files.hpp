#pragma once
#include "diff.hpp"
#include "repository.hpp"

namespace opsroom::git {

/// A change as git's letters for it say: "added", "modified" ...; "unchanged" for any other.
std::string change_word(char letter);

/// The words of a `git diff` that runs no program but git, and looks into no other repository.
Words safe_diff(Words more);

/// Which files a diff is about, and how much of them has changed.
DiffResult changed_files(const Repository& repository, const Words& sides, const Words& paths);

}  // namespace opsroom::git
