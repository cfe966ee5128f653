#pragma once

#include "base/async.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::app {

/// One thing an operator can set. The flag is `--` with dashes, the key in opsroom.toml the name
/// itself.
struct SettingRow {
  std::string_view name;
  std::string_view environment;
  std::string_view fallback;  ///< shown in the help; computed ones say so
  std::string_view help;
};

std::span<const SettingRow> setting_rows();

/// What a process of opsroom is configured with.
struct Settings {
  std::filesystem::path home;
  std::string database_url;  ///< empty: the private cluster in `home`
  std::string worker_id;
  int concurrency = 4;
  int batch = 1;
  Milliseconds poll_interval{800};
  std::chrono::seconds lease{30};
  Milliseconds heartbeat{10'000};
  Milliseconds self_fence{20'000};
  Milliseconds drain_grace{20'000};
  std::string address = "127.0.0.1";
  int port = 7070;
  std::filesystem::path workspaces;
  std::filesystem::path tools;  ///< empty: the plugins that come with opsroom
  std::vector<std::filesystem::path> runbooks;
  std::string log = "info";
};

using Values = std::map<std::string, std::string, std::less<>>;
using Lookup = std::function<std::optional<std::string>(std::string_view)>;

/// A flag beats the environment beats the file beats the default. Numbers are checked:
/// Failure{invalid} names the setting as it was given, its value and its range. An unknown key of
/// the file is refused.
Settings resolve_settings(
    const Values& flags,
    const Lookup& environment,
    const Values& file,
    const std::filesystem::path& installed_runbooks
);

/// The same settings as environment variables: what a process of ours is started with, so that it
/// resolves to them again. An empty one counts as not set.
Values as_environment(const Settings& settings);

/// The data directory alone, needed to find the file: flag, OPSROOM_HOME, $XDG_DATA_HOME/opsroom,
/// ~/.local/share/opsroom.
std::filesystem::path resolve_home(const Values& flags, const Lookup& environment);

/// The process's environment, an empty variable counting as not set.
std::optional<std::string> process_environment(std::string_view name);

}  // namespace opsroom::app
