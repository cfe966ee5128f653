#pragma once
#include "repository.hpp"

namespace opsroom::git {

/// Puts what changed into the index, new files included, ignored ones not. Unlike `git add` it
/// never runs git inside of a repository that stands in the checkout: what that one's configuration
/// names would run. Returns new repositories that were left out. Empty `paths`: everything.
Words stage(const Repository& repository, const Words& paths);

}  // namespace opsroom::git
