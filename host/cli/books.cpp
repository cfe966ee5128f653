#include "cli/books.hpp"

#include "app/database_url.hpp"
#include "store/database.hpp"
#include "store/pg_credentials.hpp"
#include "store/pg_ledger.hpp"
#include "store/pg_wakeups.hpp"

namespace opsroom::cli {
namespace {

Task<> use_books(
    asio::any_io_executor executor,
    store::DatabaseOptions options,
    const Context& context,
    BooksVerb& verb,
    bool listen,
    int& exit_code
) {
  store::Database database(options);
  store::PgLedger ledger(database);
  store::PgCredentials credentials(database);
  store::PgWakeups wakeups(executor, options);
  NewsDesk news(executor, wakeups);
  Books books{executor, ledger, credentials, news};
  std::exception_ptr failed;
  if (listen) wakeups.start();
  try {
    exit_code = co_await verb(context, books);
  } catch (...) {
    failed = std::current_exception();
  }
  if (listen) co_await wakeups.stop();
  if (failed) std::rethrow_exception(failed);
}

}  // namespace

int with_books(const Context& context, BooksVerb verb, bool listen) {
  store::DatabaseOptions options;
  options.url = app::database_url(context.settings);
  options.connections = 2;
  options.application_name = "opsroom cli";
  asio::io_context io(1);
  int exit_code = 0;
  std::exception_ptr failed;
  asio::co_spawn(
      io,
      use_books(io.get_executor(), options, context, verb, listen, exit_code),
      [&](std::exception_ptr error) {
        failed = error;
        io.stop();
      }
  );
  io.run();
  if (failed) std::rethrow_exception(failed);
  return exit_code;
}

}  // namespace opsroom::cli
