#include "common/secrets.hpp"
#include "tools.hpp"

#include <cmath>

namespace opsroom::plugins::sql {
namespace {

bool is_more_than_a_name(const std::string& conninfo) {
  return conninfo.find('=') != std::string::npos || conninfo.find("://") != std::string::npos;
}

/// Throws when libpq can't read the string: in its complaint it may quote any part of it.
void hide_password(const std::string& conninfo, const std::string& name, Secrets& secrets) {
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(
      PQconninfoParse(conninfo.c_str(), nullptr), &PQconninfoFree
  );
  if (!options && is_more_than_a_name(conninfo))
    throw std::runtime_error(
        "the secret " + name +
        " is no connection string; it must be like postgresql://user:password@host/database, or "
        "like host=... dbname=... with quotes around values that have blanks"
    );
  if (!options) return;
  for (const PQconninfoOption* each = options.get(); each->keyword != nullptr; ++each)
    if (std::string_view(each->keyword) == "password" && each->val != nullptr)
      secrets.also(name, each->val);
}

}  // namespace

std::unique_ptr<Database> connect(const Connecting& args, const tool::Call& call) {
  Secrets secrets(call);
  const std::string conninfo = secrets.get(args.connection);
  hide_password(conninfo, args.connection, secrets);
  try {
    auto database = std::make_unique<Database>(conninfo, call);
    database->limit_statements(
        std::chrono::milliseconds(std::llround(std::ceil(args.timeout_seconds * 1000)))
    );
    return database;
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(secrets.redacted(std::string(error.what())));
  }
}

tool::Outcome<QueryResult> query(const Asking& args, tool::Call& call) {
  const auto began = std::chrono::steady_clock::now();
  check_statement(args.sql);
  const Parameters parameters = parameters_of(args.params);
  const auto database = connect(args, call);
  Gathering gathering(args.max_rows, args.max_bytes);
  // Ended by the end of the connection: a statement after one that was cut off could be hit by its
  // cancel.
  database->run("begin transaction read only");
  const Result end = database->stream(args.sql, parameters, [&](const PGresult& row) {
    return gathering.take(row);
  });
  if (end) gathering.name_columns(*end);
  const auto took = std::chrono::steady_clock::now() - began;
  const auto count = static_cast<std::int64_t>(gathering.rows.size());
  const std::string text = std::to_string(count) + (count == 1 ? " row" : " rows") +
                           (gathering.truncated ? ", and there are more" : "");
  return {
      {std::move(gathering.columns),
       std::move(gathering.rows),
       count,
       gathering.truncated,
       std::chrono::duration_cast<std::chrono::milliseconds>(took).count()},
      text
  };
}

}  // namespace opsroom::plugins::sql
