#include "app/tool_bench.hpp"

#include "app/shutdown.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"
#include "process/child_process.hpp"
#include "process/host_process.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace opsroom::app {
namespace {

constexpr Clock::duration patience = std::chrono::seconds(60);
constexpr Clock::duration grace = std::chrono::seconds(2);

Task<> keep_offer(
    ToolBench& bench,
    const tools::SourceConfig& source,
    std::shared_ptr<tools::McpServer> server,
    std::shared_ptr<const tools::Offer>& offer
) {
  auto asking =
      bench.guard.offer_of(source, std::move(server), Clock::now() + patience, bench.stop);
  offer = co_await std::move(asking);
}

/// All parts as locals, in the order of their dependence.
Task<int> run_bench(
    asio::any_io_executor executor, Settings settings, Layout layout, BenchVerb verb
) {
  const tools::ToolsConfig config = settings.tools.empty()
                                        ? tools::default_tools_config()
                                        : tools::load_tools_config(settings.tools);
  const tools::Paths paths{layout.plugins, layout.runner};
  process::Spawner spawner(layout.spawn);
  tools::ProcessToolbox toolbox(executor, spawner, config, paths);
  tools::Catalogue catalogue(config);
  tools::SurfaceGuard guard(executor, catalogue, tools::lock_file_for(config.file));
  tools::SourceLauncher guarded(spawner, paths, config.file);
  guarded.guard_with(guard);
  tools::SourceLauncher unguarded(spawner, paths, config.file);
  const auto redactor = toolbox.redactor();
  guarded.redact_with(redactor);
  unguarded.redact_with(redactor);
  tools::Pins pins(tools::lock_file_for(config.file));
  Stop stop(executor);
  ShutdownSignals signals(executor, [&](int times) {
    // Every child dies with this process, down to the last grandchild.
    if (times > 1) std::_Exit(exit_code(Code::canceled));
    stop.request(StopReason::canceled);
  });
  ToolBench bench{
      executor,
      config,
      std::filesystem::current_path(),
      toolbox,
      guarded,
      unguarded,
      guard,
      pins,
      stop,
      redactor
  };
  int code = 0;
  std::exception_ptr failure;
  try {
    auto working = verb(bench);
    code = co_await std::move(working);
  } catch (const Failure& failed) {
    failure = std::make_exception_ptr(redactor->failure(failed));
  } catch (...) {
    failure = std::current_exception();
  }
  co_await toolbox.shutdown();
  signals.cancel();
  if (failure) std::rethrow_exception(failure);
  if (toolbox.inprocess().lost_threads() > 0) {
    // It runs until the process ends, whatever else ends before: so nothing else is ended.
    std::fflush(nullptr);
    std::_Exit(code);
  }
  co_return code;
}

}  // namespace

std::vector<tools::SourceConfig> ToolBench::sources(const std::vector<std::string>& names) const {
  std::vector<tools::SourceConfig> chosen;
  for (const std::string& name : names)
    chosen.push_back(source(name));
  if (!names.empty()) return chosen;
  for (const auto& [name, configured] : config.sources)
    chosen.push_back(configured);
  return chosen;
}

tools::SourceConfig ToolBench::source(const std::string& name) const {
  const auto found = config.sources.find(name);
  if (found != config.sources.end()) return found->second;
  const auto near = nearest(name, config.names());
  throw Failure(
      Code::not_found,
      fmt::format("there is no source '{}', only {}", name, listing(config.names())),
      near ? fmt::format("Did you mean {}?", *near) : std::string("Add it to tools.json.")
  );
}

int at_tool_bench(const Settings& settings, const Layout& layout, BenchVerb verb) {
  process::ignore_sigpipe();
  process::become_subreaper_and_undumpable();
  asio::io_context context(1);
  std::exception_ptr failed;
  int code = 0;
  asio::co_spawn(
      context,
      run_bench(context.get_executor(), settings, layout, std::move(verb)),
      [&](std::exception_ptr error, int result) {
        failed = error;
        code = result;
        context.stop();
      }
  );
  context.run();
  if (failed) std::rethrow_exception(failed);
  return code;
}

Task<> with_server(
    ToolBench& bench,
    tools::SourceConfig source,
    std::function<Task<>(std::shared_ptr<tools::McpServer>)> use
) {
  auto starting = bench.guarded.start(source, bench.lane, patience, bench.stop);
  const std::shared_ptr<tools::McpServer> server = co_await std::move(starting);
  std::exception_ptr failure;
  {
    const auto kill = [server](StopReason) { server->kill_now(); };
    const auto subscription = bench.stop.subscribe(kill);
    try {
      auto vetting = bench.guard.offer_of(source, server, Clock::now() + patience, bench.stop);
      co_await std::move(vetting);
      auto using_it = use(server);
      co_await std::move(using_it);
    } catch (...) {
      failure = std::current_exception();
    }
  }
  co_await server->stop(grace);
  if (failure && bench.stop.requested()) {
    throw Failure(Code::canceled, fmt::format("{} was stopped", source.title()));
  }
  if (failure) std::rethrow_exception(failure);
}

Task<std::shared_ptr<const tools::Offer>> offer_of(ToolBench& bench, tools::SourceConfig source) {
  std::shared_ptr<const tools::Offer> offer;
  const auto keep = [&bench, &source, &offer](std::shared_ptr<tools::McpServer> server) {
    return keep_offer(bench, source, std::move(server), offer);
  };
  auto looking = with_server(bench, source, keep);
  co_await std::move(looking);
  co_return offer;
}

}  // namespace opsroom::app
