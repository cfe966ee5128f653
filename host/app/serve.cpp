#include "app/serve.hpp"

#include "app/database_url.hpp"
#include "app/shutdown.hpp"
#include "base/failure.hpp"
#include "process/host_process.hpp"
#include "runbook/library.hpp"
#include "store/database.hpp"
#include "store/pg_credentials.hpp"
#include "store/pg_ledger.hpp"
#include "store/pg_run_queue.hpp"
#include "store/pg_wakeups.hpp"
#include "web/server.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>

namespace opsroom::app {
namespace {

Task<bool> answers(store::Database* database) {
  try {
    co_await database->check();
  } catch (const Failure&) {
    co_return false;
  }
  co_return true;
}

/// All parts of the server as locals, in the order of their dependence.
Task<> run_server(
    asio::any_io_executor executor, Settings settings, Layout layout, ServeOptions options
) {
  // Connections to the books
  store::DatabaseOptions database_options;
  database_options.url = database_url(settings);
  database_options.connections = 6;
  database_options.application_name = "opsroom serve";
  store::Database database(database_options);
  store::PgLedger ledger(database);
  store::PgRunQueue queue(database, settings.lease);
  store::PgCredentials credentials(database);

  // News of runs, for the streams
  store::PgWakeups wakeups(executor, database_options);

  // What may be started
  const runbook::Library library(settings.runbooks);

  // The page and the API
  web::Options web_options;
  web_options.address = settings.address;
  web_options.port = static_cast<std::uint16_t>(settings.port);
  web_options.try_next_ports = options.try_next_ports;
  web_options.static_dir = layout.runboard;
  web_options.allow_hosts = options.allow_hosts;
  web_options.database_ok = [&database] { return answers(&database); };
  web::Server server(executor, web_options, ledger, queue, credentials, wakeups, library);
  wakeups.start();

  Signal ended(executor);
  bool asked = false;
  ShutdownSignals signals(executor, [&](int) {
    asked = true;
    ended.notify();
  });
  fmt::print("listening {}\n", server.url());
  std::fflush(stdout);
  spdlog::info("listening on {}", server.url());
  while (!asked)
    co_await ended.wait();

  signals.cancel();
  co_await server.stop();
  co_await wakeups.stop();
}

}  // namespace

void serve(const Settings& settings, const Layout& layout, ServeOptions options) {
  process::ignore_sigpipe();
  asio::io_context context(1);
  std::exception_ptr failed;
  asio::co_spawn(
      context,
      run_server(context.get_executor(), settings, layout, std::move(options)),
      [&](std::exception_ptr error) {
        failed = error;
        context.stop();
      }
  );
  context.run();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace opsroom::app
