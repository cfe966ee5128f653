#include "migrations.hpp"
#include "tools.hpp"

#include <cmath>

namespace opsroom::plugins::sql {
namespace {

using std::chrono::milliseconds;

milliseconds millis(double seconds) {
  return milliseconds(std::llround(std::ceil(seconds * 1000)));
}

std::string first_value(const Result& result) {
  return PQntuples(result.get()) == 0 ? "" : PQgetvalue(result.get(), 0, 0);
}

/// Keeps two migrations of the same table from running at once, until the connection ends.
void lock(Database& database, const MigrateArgs& args) {
  database.limit_statements(millis(args.lock_seconds));
  try {
    database.run("select pg_advisory_lock(hashtextextended($1, 0))", {"migrate " + args.table});
  } catch (const SqlError& error) {
    if (error.state() != "57014") throw;
    throw std::runtime_error("another migration still runs after the time given by lock_seconds");
  }
  database.limit_statements(millis(args.timeout_seconds));
}

Applied applied_ones(Database& database, const std::string& table) {
  Applied made;
  if (first_value(database.run("select to_regclass($1)::text", {table})).empty()) return made;
  const Result rows =
      database.run("select name, checksum from " + table + " order by name collate \"C\"");
  for (int i = 0; i < PQntuples(rows.get()); ++i)
    made.emplace_back(PQgetvalue(rows.get(), i, 0), PQgetvalue(rows.get(), i, 1));
  return made;
}

std::string transaction_id(Database& database) {
  return first_value(database.run("select txid_current()::text"));
}

void run_file(Database& database, const Migration& file) {
  try {
    database.run_script(file.text);
  } catch (const SqlError& error) {
    throw std::runtime_error(file.name + ": " + error.what() + "; nothing of this file was kept");
  }
}

void apply(Database& database, const Migration& file, const std::string& table) {
  database.run("begin");
  const std::string ours = transaction_id(database);
  run_file(database, file);
  if (!database.in_transaction() || transaction_id(database) != ours)
    throw std::runtime_error(
        file.name +
        " ends its transaction itself, so that parts of it may have been kept: look "
        "at the database, and leave BEGIN, COMMIT and ROLLBACK out of the file"
    );
  database.run(
      "insert into " + table + " (name, checksum) values ($1, $2)", {file.name, file.checksum}
  );
  try {
    database.run("commit");
  } catch (const SqlError& error) {
    const bool undone = !error.state().empty();
    throw std::runtime_error(
        file.name + ": " + error.what() +
        (undone ? "; nothing of this file was kept"
                : "; it broke while committing: migrate again, which sees whether it was kept")
    );
  }
}

void make_table(Database& database, const std::string& table) {
  if (!first_value(database.run("select to_regclass($1)::text", {table})).empty()) return;
  database.run(
      "create table " + table +
      " (name text primary key, checksum text not null, applied_at timestamptz not null default "
      "now())"
  );
}

std::vector<std::string> names(const std::vector<Migration>& files, std::size_t from) {
  std::vector<std::string> made;
  for (std::size_t i = from; i < files.size(); ++i)
    made.push_back(files[i].name);
  return made;
}

}  // namespace

tool::Outcome<MigrateResult> migrate(const MigrateArgs& args, tool::Call& call) {
  const auto files = read_migrations(call, args.directory);
  const auto database = connect(args, call);
  const std::string table = database->quoted(args.table);
  if (!args.dry_run) lock(*database, args);
  MigrateResult made;
  const std::size_t known = check_history(files, applied_ones(*database, table));
  made.known = static_cast<std::int64_t>(known);
  if (args.dry_run) {
    made.pending = names(files, known);
    std::string text = std::to_string(made.pending.size()) + " to apply";
    return {std::move(made), std::move(text)};
  }
  make_table(*database, table);
  for (std::size_t i = known; i < files.size(); ++i) {
    call.checkpoint();
    call.progress(
        static_cast<double>(i - known), static_cast<double>(files.size() - known), files[i].name
    );
    apply(*database, files[i], table);
    made.applied.push_back(files[i].name);
    call.log(tool::Level::info, "applied " + files[i].name);
  }
  std::string text = std::to_string(made.applied.size()) + " applied, " +
                     std::to_string(made.known) + " known before";
  return {std::move(made), std::move(text)};
}

}  // namespace opsroom::plugins::sql
