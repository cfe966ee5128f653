#include "app/work.hpp"

#include "app/database_url.hpp"
#include "app/shutdown.hpp"
#include "engine/worker.hpp"
#include "process/child_process.hpp"
#include "process/host_process.hpp"
#include "store/database.hpp"
#include "store/pg_input_desk.hpp"
#include "store/pg_journal.hpp"
#include "store/pg_run_queue.hpp"
#include "store/pg_server_memory.hpp"
#include "store/pg_wakeups.hpp"
#include "tools/config_watch.hpp"
#include "tools/process_toolbox.hpp"
#include "tools/tools_config.hpp"
#include "workspace/git_lane_pool.hpp"

#include <boost/asio/post.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

namespace opsroom::app {
namespace {

constexpr int exit_lost_thread = 75;  // EX_TEMPFAIL

/// For `opsroom up`, which waits for it: only a worker that has introduced itself can be given
/// work.
void say_ready(const std::string& id) {
  fmt::print("ready {}\n", id);
  std::fflush(stdout);
}

engine::WorkerOptions worker_options(const Settings& settings) {
  engine::WorkerOptions options;
  options.id = settings.worker_id;
  options.concurrency = settings.concurrency;
  options.batch = settings.batch;
  options.poll_interval = settings.poll_interval;
  options.lease = {settings.heartbeat, settings.self_fence};
  options.drain_grace = settings.drain_grace;
  options.on_ready = [id = settings.worker_id] { say_ready(id); };
  return options;
}

/// A thread that a plugin keeps runs until the process ends, whatever else ends before: so nothing
/// else is ended. Tools in other processes go down with this one.
[[noreturn]] void end_with_lost_thread() {
  spdlog::error("a plugin has kept a thread of this worker, which ends itself to be started anew");
  spdlog::shutdown();
  std::fflush(nullptr);
  std::_Exit(exit_lost_thread);
}

/// Null without a tools.json, which is then not looked for again.
std::unique_ptr<tools::ConfigWatch> watch_tools(
    asio::any_io_executor executor, const Settings& settings, tools::ProcessToolbox& toolbox
) {
  if (settings.tools.empty()) return nullptr;
  auto apply = [&toolbox](tools::ToolsConfig config) { toolbox.reload(std::move(config)); };
  auto watch =
      std::make_unique<tools::ConfigWatch>(std::move(executor), settings.tools, std::move(apply));
  watch->start();
  return watch;
}

/// All parts of the worker as locals, in the order of their dependence.
Task<> run_worker(asio::any_io_executor executor, Settings settings, Layout layout) {
  // The queue and the journal
  store::DatabaseOptions database_options;
  database_options.url = database_url(settings);
  database_options.connections = 4;
  database_options.application_name = "opsroom worker " + settings.worker_id;
  store::Database database(database_options);
  store::PgRunQueue queue(database, settings.lease);
  store::PgJournal journal(database);
  store::PgWakeups wakeups(executor, database_options);
  store::PgInputDesk desk(executor, database, wakeups);
  store::PgServerMemory memory(database);

  // The one way to a child process, and what is done with it
  process::Spawner spawner(layout.spawn);
  workspace::GitLanePool lanes(spawner, settings.workspaces);
  const tools::Paths tool_paths{layout.plugins, layout.runner};
  const tools::ToolsConfig config = settings.tools.empty()
                                        ? tools::default_tools_config()
                                        : tools::load_tools_config(settings.tools);
  tools::ProcessToolbox toolbox(executor, spawner, config, tool_paths, &memory);
  const auto watch = watch_tools(executor, settings, toolbox);

  // The loop
  engine::Ports ports{queue, journal, lanes, toolbox, desk};
  engine::Worker worker(executor, worker_options(settings), ports, wakeups);
  toolbox.inprocess().on_lost_thread([&](bool at_once) {
    if (at_once) end_with_lost_thread();
    asio::post(executor, [&worker] { worker.drain(); });
  });
  wakeups.start();
  ShutdownSignals signals(executor, [&](int) { worker.drain(); });
  const auto reread = [&watch] {
    if (watch) watch->reread();
  };
  HangupSignal hangup(executor, reread, [&worker] { worker.drain(); });

  co_await worker.run();

  hangup.cancel();
  signals.cancel();
  if (watch) co_await watch->stop();
  co_await toolbox.shutdown();
  co_await wakeups.stop();
  if (toolbox.inprocess().lost_threads() > 0) end_with_lost_thread();
}

}  // namespace

void work(const Settings& settings, const Layout& layout) {
  process::ignore_sigpipe();
  process::become_subreaper_and_undumpable();
  asio::io_context context(1);
  std::exception_ptr failed;
  asio::co_spawn(
      context,
      run_worker(context.get_executor(), settings, layout),
      [&](std::exception_ptr error) {
        failed = error;
        context.stop();
      }
  );
  context.run();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace opsroom::app
