#pragma once

#include "base/async.hpp"
#include "process/child_process.hpp"

#include <filesystem>
#include <map>
#include <string>

namespace opsroom::cli {

/// The demo's stage: a directory with a small Python project in a git repository (one of its tests
/// fails), the runbooks of the four lanes, and a tools.json with a real MCP server in it.
struct DemoScene {
  std::filesystem::path root;
  std::filesystem::path repository;
  std::filesystem::path runbooks;
  std::filesystem::path tools;
  std::filesystem::path workspaces;
  std::filesystem::path home;
  std::filesystem::path log;
};

/// Builds it in a new directory below the temporary one; Failure names a missing program.
Task<DemoScene> build_scene(process::Spawner& spawner);

/// What a file of the repository says before anybody changes it.
const std::map<std::string, std::string>& original_files();

}  // namespace opsroom::cli
