#include "app/layout.hpp"

#include "base/failure.hpp"

namespace opsroom::app {

Layout find_layout() {
  std::error_code error;
  const auto executable = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) throw system_failure(error.value(), "reading /proc/self/exe");
  const auto bin = executable.parent_path();
  const auto prefix = bin.parent_path();
  Layout layout;
  layout.executable = executable;
  layout.spawn = bin / "opsroom-spawn";
  // An installation keeps away from people's PATH what they never call.
  if (!std::filesystem::exists(layout.spawn, error))
    layout.spawn = prefix / "libexec/opsroom/opsroom-spawn";
  layout.runner = bin / "opsroom-plugin-runner";
  layout.plugins = prefix / "lib/opsroom/plugins";
  layout.migrations = prefix / "share/opsroom/migrations";
  layout.runboard = prefix / "share/opsroom/runboard";
  layout.runbooks = prefix / "share/opsroom/runbooks";
  return layout;
}

}  // namespace opsroom::app
