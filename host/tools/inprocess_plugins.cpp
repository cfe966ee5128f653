#include "tools/inprocess_plugins.hpp"

#include "base/failure.hpp"
#include "tools/checked_call.hpp"
#include "tools/inprocess_call.hpp"

#include <fmt/format.h>

#include <utility>

namespace opsroom::tools {
namespace {

constexpr std::size_t usual_concurrency = 8;

std::string config_of(const SourceConfig& source) {
  const auto found = source.environment.find(plugin_config_variable);
  return found == source.environment.end() ? "{}" : found->second;
}

/// A plugin that is not made for several threads never sees two.
std::size_t calls_at_once(const InprocessPlugin& plugin, const SourceConfig& source) {
  return plugin.concurrent() ? source.concurrency.value_or(usual_concurrency) : 1;
}

}  // namespace

Task<ToolResult> InprocessPlugins::call(
    std::shared_ptr<const SourceConfig> source,
    ServerCall call,
    std::shared_ptr<CallSink> sink,
    Stop& stop
) {
  const std::string tool = call.call.tool;
  auto opening = open(source, call.latest, stop);
  const std::shared_ptr<InprocessPlugin> plugin = co_await std::move(opening);
  const auto offer = guard_.offer_of(source, plugin->tools());
  const Checks checks = offer->find(tool)->checks();
  call.pin = offer->pin();
  auto checking = arguments_misfit(guard_, checks, call.call.arguments);
  const std::string misfit = co_await std::move(checking);
  if (!misfit.empty()) co_return refused_arguments(tool, misfit);
  auto entering = plugin->line(calls_at_once(*plugin, *source)).enter(stop, call.latest);
  const WaitingLine::Pass pass = co_await std::move(entering);
  check_retired(*source);
  InprocessCall calling(executor_, *plugin, *source, std::move(call), std::move(sink), stop);
  auto running = calling.run();
  ToolResult result = co_await std::move(running);
  auto judging = checked_result(guard_, *source, tool, checks, std::move(result));
  co_return co_await std::move(judging);
}

Task<std::shared_ptr<InprocessPlugin>> InprocessPlugins::open(
    std::shared_ptr<const SourceConfig> source, Clock::time_point until, Stop& stop
) {
  SourceLauncher::must_be_usable(*source);
  check_retired(*source);
  auto admitting = guard_.admit(*source, launcher_.spawn_of(*source, {}));
  co_await std::move(admitting);
  std::string config = config_of(*source);
  auto& slot = plugins_[source->sha256 + config];
  if (!slot) slot = make(*source, std::move(config));
  const std::shared_ptr<InprocessPlugin> plugin = slot;
  auto opening = plugin->open(until, stop);
  co_await std::move(opening);
  co_return plugin;
}

std::shared_ptr<InprocessPlugin> InprocessPlugins::make(
    const SourceConfig& source, std::string config
) {
  InprocessFile file{launcher_.library_of(source), source.sha256, source.title(), source.place};
  InprocessPlugin::Listener listener;
  listener.on_retired = [this, digest = source.sha256](const std::string& why) {
    retired_.emplace(digest, why);
  };
  listener.on_lost_thread = [this](bool at_once) {
    ++lost_threads_;
    if (on_lost_thread_) on_lost_thread_(at_once);
  };
  return std::make_shared<InprocessPlugin>(
      executor_, std::move(file), std::move(config), std::move(listener)
  );
}

void InprocessPlugins::check_retired(const SourceConfig& source) const {
  const auto found = retired_.find(source.sha256);
  if (found == retired_.end()) return;
  throw Failure(
      Code::unavailable,
      fmt::format("{} is not used any more: {}", source.title(), found->second),
      fmt::format(
          "Start the worker again to try anew, or give it a process of its own: leave out "
          "\"isolation\" at {}.",
          source.place
      )
  );
}

Task<> InprocessPlugins::shutdown() {
  for (const auto& [key, plugin] : plugins_)
    co_await plugin->close();
  plugins_.clear();
}

}  // namespace opsroom::tools
