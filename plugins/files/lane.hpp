#pragma once
#include "common/lane.hpp"
#include "common/staged_file.hpp"

namespace opsroom::files {

// The rules for paths are those of every plugin that touches the lane.
using plugins::checked_directory;
using plugins::checked_path;
using plugins::Content;
using plugins::existing;
using plugins::Lane;
using plugins::leads_into_git;
using plugins::Place;
using plugins::StagedFile;
using plugins::temporary_name;

}  // namespace opsroom::files
