#include "store/migrator.hpp"

#include "base/failure.hpp"
#include "store/connect.hpp"
#include "store/pg_failure.hpp"
#include "store/rows.hpp"

#include <fmt/format.h>
#include <pqxx/except>
#include <pqxx/transaction>

namespace opsroom::store {
namespace {

constexpr std::chrono::minutes longest_statement{10};
/// Any constant: it only has to be the same in every migrator.
constexpr long advisory_key = 0x6f7073726f6f6d;

struct Applied : Migration {
  std::string at;
};

/// Empty when nobody has migrated this database yet.
std::vector<Applied> read_applied(pqxx::transaction_base& tx) {
  const bool known = !tx.exec1("select to_regclass('ops.schema_migrations')")[0].is_null();
  std::vector<Applied> applied;
  if (!known) return applied;
  const pqxx::result rows = tx.exec(
      "select version, name, checksum,"
      " to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') as at"
      " from ops.schema_migrations order by version"
  );
  for (const pqxx::row row : rows) {
    Applied one;
    one.version = row["version"].as<int>();
    one.name = text(row["name"]);
    one.checksum = text(row["checksum"]);
    one.at = text(row["at"]);
    applied.push_back(std::move(one));
  }
  return applied;
}

std::size_t pending(const std::vector<Applied>& applied, const std::vector<MigrationFile>& files) {
  return pending_migrations({applied.begin(), applied.end()}, files);
}

void refuse_old_server(pqxx::connection& connection, const std::string& place) {
  if (connection.server_version() >= 130000) return;
  throw Failure(
      Code::unsupported,
      fmt::format("{} is PostgreSQL {}", place, connection.server_version() / 10000),
      "opsroom needs PostgreSQL 13 or newer."
  );
}

void apply(pqxx::transaction_base& tx, const MigrationFile& file) {
  tx.exec("create schema if not exists ops");
  tx.exec(
      "create table if not exists ops.schema_migrations (version int primary key, name text not "
      "null,"
      " checksum text not null, applied_at timestamptz not null default now())"
  );
  tx.exec(file.sql);
  tx.exec_params(
      "insert into ops.schema_migrations (version, name, checksum) values ($1, $2, $3)",
      file.version,
      file.name,
      file.checksum
  );
}

/// Applies the next file and returns its name; empty when there is none. The lock is taken before
/// the look, so that of two migrators the second sees what the first has done.
std::string step_up(pqxx::connection& connection, const std::vector<MigrationFile>& files) {
  pqxx::work tx(connection);
  tx.exec(fmt::format("select pg_advisory_xact_lock({})", advisory_key));
  const std::vector<Applied> applied = read_applied(tx);
  if (pending(applied, files) == 0) return {};
  const MigrationFile& next = files[applied.size()];
  try {
    tx.exec("set local client_min_messages = error");
    apply(tx, next);
    tx.commit();
  } catch (const pqxx::sql_error& error) {
    const ServerMessage said = parse_server_message(error.what());
    throw Failure(
        Code::internal,
        fmt::format("migration {} failed and was undone: {}", next.name, said.message),
        said.hint
    );
  }
  return next.name;
}

template <class Function>
auto with_connection(const std::string& url, Function function) {
  const ConnectionTarget target = connection_target(url, "opsroom migrate");
  const auto connection = connect(target, longest_statement);
  try {
    refuse_old_server(*connection, target.place);
    return function(*connection);
  } catch (const pqxx::broken_connection&) {
    throw broken_failure(target.place);
  } catch (const pqxx::in_doubt_error&) {
    throw in_doubt_failure(target.place);
  } catch (const pqxx::sql_error& error) {
    throw sql_failure(error.sqlstate(), error.what(), target.place);
  }
}

}  // namespace

Migrator::Migrator(std::string url, std::filesystem::path directory)
    : url_(std::move(url)), directory_(std::move(directory)) {}

std::vector<std::string> Migrator::up() {
  const std::vector<MigrationFile> files = read_migrations(directory_);
  return with_connection(url_, [&](pqxx::connection& connection) {
    std::vector<std::string> names;
    for (std::string name; !(name = step_up(connection, files)).empty();)
      names.push_back(name);
    return names;
  });
}

std::vector<MigrationState> Migrator::status() {
  const std::vector<MigrationFile> files = read_migrations(directory_);
  return with_connection(url_, [&](pqxx::connection& connection) {
    pqxx::work tx(connection);
    const std::vector<Applied> applied = read_applied(tx);
    pending(applied, files);
    std::vector<MigrationState> states;
    for (std::size_t i = 0; i < files.size(); ++i) {
      states.push_back({files[i].name, i < applied.size() ? applied[i].at : ""});
    }
    return states;
  });
}

}  // namespace opsroom::store
