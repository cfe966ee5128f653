#include "tools/source_launcher.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace opsroom::tools {
namespace {

constexpr Clock::duration longest_opening = std::chrono::seconds(30);

void must_exist(const std::filesystem::path& file, const std::string& who, std::string hint) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return;
  throw Failure(
      Code::not_found, fmt::format("{}: there is no {}", who, file.string()), std::move(hint)
  );
}

}  // namespace

void SourceLauncher::must_be_usable(const SourceConfig& source) {
  if (source.refusal.empty()) return;
  throw Failure(
      source.refusal_code,
      fmt::format("{} cannot be used: {}", source.title(), source.refusal),
      source.refusal_hint
  );
}

Task<std::shared_ptr<McpServer>> SourceLauncher::start(
    const SourceConfig& source,
    std::filesystem::path directory,
    Clock::duration patience,
    Stop& abort,
    std::shared_ptr<Trust> trust
) {
  must_be_usable(source);
  ServerSpec spec = spec_of(source, directory);
  spec.opening_timeout = std::min(longest_opening, patience);
  spec.trust = std::move(trust);
  const auto tool_changes = std::make_shared<std::uint64_t>(0);
  spec.on_tools_changed = [tool_changes] { ++*tool_changes; };
  if (guard_ != nullptr) {
    auto admitting = guard_->admit(source, spec.spawn);
    co_await std::move(admitting);
  }
  if (eras_ != nullptr) spec.era = eras_->look_up(source, spec.spawn);
  if (spec.is_plugin) co_await hand_over_key(spec.spawn);
  auto starting = McpServer::start(spawner_, std::move(spec), abort);
  const std::shared_ptr<McpServer> server = co_await std::move(starting);
  if (guard_ != nullptr) guard_->watch(server, tool_changes);
  co_return server;
}

/// Without the key a plugin seals with one of its own: then a question that outlives its process is
/// asked again, and nothing worse.
Task<> SourceLauncher::hand_over_key(process::SpawnSpec& spawn) {
  try {
    // Who has no memory asks and answers within this process.
    if (state_key_.empty() && memory_ == nullptr) state_key_ = random_hex(32);
    if (state_key_.empty()) {
      auto reading = memory_->state_key();
      state_key_ = co_await std::move(reading);
    }
    spawn.environment.try_emplace("OPSROOM_STATE_KEY", state_key_);
  } catch (const Failure& failure) {
    spdlog::warn("the key for plugins' questions cannot be read: {}", failure.message());
  }
}

ServerSpec SourceLauncher::spec_of(
    const SourceConfig& source, const std::filesystem::path& directory
) const {
  ServerSpec spec;
  spec.title = source.title();
  spec.place = source.place;
  spec.is_plugin = source.kind == SourceConfig::Kind::plugin;
  spec.sampling = !source.sampling_tool.empty();
  spec.log_level = source.log_level;
  spec.max_message = source.max_message;
  spec.redactor = redactor_;
  if (spec.is_plugin) {
    const auto library = library_of(source);
    must_exist(paths_.runner, spec.title, "Install opsroom-plugin-runner there.");
    must_exist(
        library, spec.title, fmt::format("Build or install it, or correct {}.", source.place)
    );
    spec.spawn.argv = {paths_.runner.string(), library.string()};
  } else {
    spec.spawn.argv = source.argv;
  }
  spec.spawn.directory = working_directory(source, directory);
  spec.spawn.environment = process::base_environment();
  for (const auto& [name, value] : source.environment)
    spec.spawn.environment[name] = value;
  if (source.scope == Scope::lane && !directory.empty()) spec.root = directory;
  return spec;
}

std::filesystem::path SourceLauncher::working_directory(
    const SourceConfig& source, const std::filesystem::path& lane
) const {
  const std::filesystem::path home = config_file_.parent_path();
  const std::filesystem::path base =
      source.scope == Scope::host || lane.empty() ? (home.empty() ? "/" : home) : lane;
  return std::filesystem::absolute(source.directory.empty() ? base : base / source.directory);
}

}  // namespace opsroom::tools
