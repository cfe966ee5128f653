#pragma once

#include "app/layout.hpp"
#include "app/settings.hpp"
#include "base/async.hpp"
#include "cli/news_desk.hpp"
#include "ports/credentials.hpp"
#include "ports/ledger.hpp"

#include <functional>
#include <memory>

namespace opsroom::cli {

/// What every verb may use.
struct Context {
  app::Settings settings;
  app::Layout layout;
  bool json = false;
};

/// The control room's books, opened for one verb.
struct Books {
  asio::any_io_executor executor;
  Ledger& ledger;
  Credentials& credentials;
  NewsDesk& news;
};

using BooksVerb = std::function<Task<int>(const Context&, Books)>;

/// Opens the database of the settings, runs `verb` to its end and returns its exit code; a Failure
/// of the verb leaves. `listen`: the verb waits for news, so that notifications are worth a
/// connection.
int with_books(const Context& context, BooksVerb verb, bool listen = false);

}  // namespace opsroom::cli
