#include "store/connect.hpp"

#include "base/failure.hpp"
#include "store/pg_failure.hpp"

#include <fmt/format.h>
#include <pqxx/except>
#include <pqxx/nontransaction>

#include <libpq-fe.h>
#include <map>

namespace opsroom::store {
namespace {

using Parameters = std::map<std::string, std::string>;

struct OptionsDeleter {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, OptionsDeleter>;

Failure malformed(const std::string& url, const char* detail) {
  // libpq quotes from the URL, so its words are kept back when there may be a password in it.
  const bool secret =
      url.find('@') != std::string::npos || url.find("password") != std::string::npos;
  std::string reason = detail != nullptr && !secret ? detail : "it cannot be parsed";
  while (!reason.empty() && reason.back() == '\n')
    reason.pop_back();
  return Failure(
      Code::invalid,
      fmt::format("the database URL is not valid: {}", reason),
      "DATABASE_URL looks like postgresql://user:password@host:5432/database."
  );
}

Parameters parse(const std::string& url) {
  if (url.empty()) throw malformed(url, "it is empty");
  char* error = nullptr;
  const Options options(PQconninfoParse(url.c_str(), &error));
  if (!options) {
    const std::unique_ptr<char, void (*)(void*)> owned(error, PQfreemem);
    throw malformed(url, error);
  }
  Parameters parameters;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') parameters[option->keyword] = option->val;
  }
  return parameters;
}

/// What libpq will use where the URL says nothing (PGHOST, the user's name, ...).
Parameters defaults() {
  Parameters parameters;
  const Options options(PQconndefaults());
  for (const PQconninfoOption* option = options.get(); option && option->keyword != nullptr;
       ++option) {
    if (option->val != nullptr) parameters[option->keyword] = option->val;
  }
  return parameters;
}

std::string describe(Parameters given) {
  given.merge(defaults());
  const std::string user = given["user"];
  const std::string database = given["dbname"].empty() ? user : given["dbname"];
  const std::string host = given["host"].empty() ? given["hostaddr"] : given["host"];
  if (host.empty()) return fmt::format("database '{}' on the local socket", database);
  if (host.front() == '/') return fmt::format("database '{}' on socket {}", database, host);
  return fmt::format("database '{}' on {}:{}", database, host, given["port"]);
}

std::string quoted(const std::string& value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

}  // namespace

ConnectionTarget connection_target(const std::string& url, const std::string& application_name) {
  Parameters parameters = parse(url);
  ConnectionTarget target;
  target.place = describe(parameters);
  const Parameters ours{
      {"application_name", application_name},
      {"client_encoding", "UTF8"},
      {"connect_timeout", "5"},
      {"keepalives", "1"},
      {"keepalives_idle", "5"},
      {"keepalives_interval", "3"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "15000"},
  };
  parameters.insert(ours.begin(), ours.end());
  for (const auto& [key, value] : parameters) {
    target.conninfo += fmt::format("{}={} ", key, quoted(value));
  }
  return target;
}

std::unique_ptr<pqxx::connection> connect(
    const ConnectionTarget& target, std::chrono::milliseconds statement_timeout
) {
  try {
    auto connection = std::make_unique<pqxx::connection>(target.conninfo);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    // A connection that comes back by itself has lost its settings: we make a new one instead.
    connection->inhibit_reactivation(true);
#pragma GCC diagnostic pop
    pqxx::nontransaction session(*connection);
    session.exec(fmt::format(
        "set statement_timeout = {}; set idle_in_transaction_session_timeout = 60000; "
        "set client_min_messages = warning",
        statement_timeout.count()
    ));
    session.commit();
    return connection;
  } catch (const pqxx::broken_connection& error) {
    throw connect_failure(error.what(), target.place);
  } catch (const pqxx::sql_error& error) {
    throw sql_failure(error.sqlstate(), error.what(), target.place);
  }
}

}  // namespace opsroom::store
