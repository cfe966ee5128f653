#include "app/settings.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace opsroom::app {
namespace {

constexpr std::array<SettingRow, 16> rows{{
    {"home", "OPSROOM_HOME", "~/.local/share/opsroom", "data directory"},
    {"database_url",
     "DATABASE_URL",
     "a private cluster in the data directory",
     "PostgreSQL 13 or newer: postgresql://user:password@host:port/database"},
    {"worker_id", "WORKER_ID", "worker-<random>", "unique name of this worker"},
    {"concurrency", "CONCURRENCY", "4", "runs at once, 1 to 256"},
    {"batch", "BATCH", "1", "runs to claim per request, 1 to 100"},
    {"poll_interval_ms",
     "POLL_INTERVAL_MS",
     "800",
     "milliseconds between polls when no notification comes, 10 to 60000"},
    {"lease_seconds",
     "LEASE_SECONDS",
     "30",
     "a run whose worker was silent for so long is taken over, 3 to 3600"},
    {"heartbeat_ms", "HEARTBEAT_MS", "a third of the lease", "between heartbeats, 200 to 600000"},
    {"self_fence_ms",
     "SELF_FENCE_MS",
     "two thirds of the lease",
     "work stops when no heartbeat succeeded for so long, 500 to 3000000"},
    {"drain_seconds",
     "DRAIN_SECONDS",
     "20",
     "how long steps under way may finish after SIGTERM, 0 to 3600"},
    {"address", "OPSROOM_ADDRESS", "127.0.0.1", "address the page listens on (loopback only)"},
    {"port", "OPSROOM_PORT", "7070", "port of the page, 0 for any, 0 to 65535"},
    {"workspaces", "OPSROOM_WORKSPACES", "<home>/workspaces", "where lanes have their checkouts"},
    {"tools",
     "OPSROOM_TOOLS",
     "./tools.json, <home>/tools.json, or the plugins that come with it",
     "which tools exist"},
    {"runbooks",
     "OPSROOM_RUNBOOKS",
     "./runbooks and <home>/runbooks, then the examples",
     "directories with runbooks, separated by colons"},
    {"log", "OPSROOM_LOG", "info", "debug, info, warn or error"},
}};

std::string flag_of(std::string_view name) {
  std::string flag = "--" + std::string(name);
  for (char& c : flag) {
    if (c == '_') c = '-';
  }
  return flag;
}

/// Where a value came from travels with it, so that a message can name it as the operator knows it.
struct Given {
  std::string value;
  std::string as;
};

class Resolver {
 public:
  Resolver(const Values& flags, const Lookup& environment, const Values& file)
      : flags_(flags), environment_(environment), file_(file) {}

  std::optional<Given> find(std::string_view name) const {
    if (const auto flag = flags_.find(name); flag != flags_.end()) {
      return Given{flag->second, flag_of(name)};
    }
    for (const SettingRow& row : rows) {
      if (row.name != name) continue;
      if (auto value = environment_(row.environment)) {
        return Given{*value, std::string(row.environment)};
      }
    }
    if (const auto entry = file_.find(name); entry != file_.end()) {
      return Given{entry->second, fmt::format("{} in opsroom.toml", name)};
    }
    return std::nullopt;
  }

  std::string text(std::string_view name, std::string fallback) const {
    const auto given = find(name);
    return given ? given->value : fallback;
  }

  long number(std::string_view name, long fallback, long low, long high) const {
    const auto given = find(name);
    return given ? number_in_range(given->value, given->as, low, high) : fallback;
  }

 private:
  const Values& flags_;
  const Lookup& environment_;
  const Values& file_;
};

std::filesystem::path normal(const std::filesystem::path& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

std::filesystem::path find_tools(const std::string& given, const std::filesystem::path& home) {
  if (!given.empty()) return normal(given);
  for (const auto& candidate : {std::filesystem::path("tools.json"), home / "tools.json"}) {
    if (std::filesystem::exists(candidate)) return normal(candidate);
  }
  return {};
}

std::vector<std::filesystem::path> find_runbooks(
    const std::string& given,
    const std::filesystem::path& home,
    const std::filesystem::path& installed
) {
  std::vector<std::filesystem::path> directories;
  std::string_view rest = given;
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    if (colon != 0) directories.push_back(normal(rest.substr(0, colon)));
    rest = colon == std::string_view::npos ? std::string_view() : rest.substr(colon + 1);
  }
  if (given.empty()) {
    for (const auto& candidate : {std::filesystem::path("runbooks"), home / "runbooks"}) {
      if (std::filesystem::is_directory(candidate)) directories.push_back(normal(candidate));
    }
  }
  const bool listed =
      std::find(directories.begin(), directories.end(), installed) != directories.end();
  if (!listed && std::filesystem::is_directory(installed)) directories.push_back(installed);
  return directories;
}

void refuse_unknown_keys(const Values& file) {
  std::vector<std::string> known;
  for (const SettingRow& row : rows)
    known.emplace_back(row.name);
  for (const auto& [key, value] : file) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const auto near = nearest(key, known);
    throw Failure(
        Code::invalid,
        fmt::format("opsroom.toml: unknown key '{}'", key),
        near ? fmt::format("Did you mean {}?", *near) : "Known keys: " + listing(known, 20)
    );
  }
}

}  // namespace

std::span<const SettingRow> setting_rows() {
  return rows;
}

Values as_environment(const Settings& settings) {
  std::string runbooks;
  for (const auto& directory : settings.runbooks) {
    runbooks += (runbooks.empty() ? "" : ":") + directory.string();
  }
  const Values by_name{
      {"home", settings.home.string()},
      {"database_url", settings.database_url},
      {"worker_id", settings.worker_id},
      {"concurrency", std::to_string(settings.concurrency)},
      {"batch", std::to_string(settings.batch)},
      {"poll_interval_ms", std::to_string(settings.poll_interval.count())},
      {"lease_seconds", std::to_string(settings.lease.count())},
      {"heartbeat_ms", std::to_string(settings.heartbeat.count())},
      {"self_fence_ms", std::to_string(settings.self_fence.count())},
      {"drain_seconds", std::to_string(settings.drain_grace.count() / 1000)},
      {"address", settings.address},
      {"port", std::to_string(settings.port)},
      {"workspaces", settings.workspaces.string()},
      {"tools", settings.tools.string()},
      {"runbooks", runbooks},
      {"log", settings.log},
  };
  Values variables;
  for (const SettingRow& row : rows) {
    variables[std::string(row.environment)] = by_name.find(row.name)->second;
  }
  return variables;
}

std::optional<std::string> process_environment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

std::filesystem::path resolve_home(const Values& flags, const Lookup& environment) {
  if (const auto flag = flags.find("home"); flag != flags.end()) return normal(flag->second);
  if (const auto given = environment("OPSROOM_HOME")) return normal(*given);
  if (const auto data = environment("XDG_DATA_HOME")) return normal(*data) / "opsroom";
  if (const auto user = environment("HOME")) return normal(*user) / ".local/share/opsroom";
  throw Failure(Code::invalid, "there is no data directory", "Set OPSROOM_HOME.");
}

Settings resolve_settings(
    const Values& flags,
    const Lookup& environment,
    const Values& file,
    const std::filesystem::path& installed_runbooks
) {
  refuse_unknown_keys(file);
  const Resolver given(flags, environment, file);
  Settings settings;
  settings.home = resolve_home(flags, environment);
  settings.database_url = given.text("database_url", "");
  settings.worker_id = given.text("worker_id", "worker-" + random_hex(4));
  settings.concurrency = static_cast<int>(given.number("concurrency", 4, 1, 256));
  settings.batch = static_cast<int>(given.number("batch", 1, 1, 100));
  settings.poll_interval = Milliseconds(given.number("poll_interval_ms", 800, 10, 60'000));
  settings.lease = std::chrono::seconds(given.number("lease_seconds", 30, 3, 3600));
  const Milliseconds lease = settings.lease;
  const auto third = std::min<long>(lease.count() / 3, 600'000);
  settings.heartbeat = Milliseconds(given.number("heartbeat_ms", third, 200, 600'000));
  settings.self_fence =
      Milliseconds(given.number("self_fence_ms", lease.count() * 2 / 3, 500, 3'000'000));
  if (settings.self_fence >= lease || settings.heartbeat >= settings.self_fence) {
    throw Failure(
        Code::invalid,
        fmt::format(
            "heartbeat_ms {}, self_fence_ms {} and lease_seconds {} do not fit together",
            settings.heartbeat.count(),
            settings.self_fence.count(),
            settings.lease.count()
        ),
        "The heartbeat must be shorter than the self-fence, and the self-fence than the lease."
    );
  }
  settings.drain_grace = std::chrono::seconds(given.number("drain_seconds", 20, 0, 3600));
  settings.address = given.text("address", "127.0.0.1");
  settings.port = static_cast<int>(given.number("port", 7070, 0, 65'535));
  settings.workspaces = normal(given.text("workspaces", (settings.home / "workspaces").string()));
  settings.tools = find_tools(given.text("tools", ""), settings.home);
  settings.runbooks = find_runbooks(given.text("runbooks", ""), settings.home, installed_runbooks);
  settings.log = given.text("log", "info");
  return settings;
}

}  // namespace opsroom::app
