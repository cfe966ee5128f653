#pragma once

#include <filesystem>

namespace opsroom::app {

/// Where this installation's own files lie, found from the running executable:
/// `<prefix>/bin/opsroom`,
/// `<prefix>/lib/opsroom/plugins`, `<prefix>/share/opsroom`. A build tree has the same shape.
struct Layout {
  std::filesystem::path executable;
  std::filesystem::path spawn;   ///< opsroom-spawn
  std::filesystem::path runner;  ///< opsroom-plugin-runner
  std::filesystem::path plugins;
  std::filesystem::path migrations;
  std::filesystem::path runboard;  ///< the built page; may be absent
  std::filesystem::path runbooks;  ///< the runbooks that come with opsroom
};

/// Failure{internal} when the executable's path cannot be read.
Layout find_layout();

}  // namespace opsroom::app
