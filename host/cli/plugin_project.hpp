#pragma once

#include <string>
#include <vector>

namespace opsroom::cli {

struct ProjectFile {
  std::string path;  ///< seen from the project's directory
  std::string text;
};

/// The files of a new plugin project. `name` is a good one.
std::vector<ProjectFile> plugin_project(const std::string& name);

}  // namespace opsroom::cli
