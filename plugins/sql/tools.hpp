#pragma once
#include "rows.hpp"

#include <nlohmann/json.hpp>

#include <opsroom/tool.hpp>
#include <tuple>

namespace opsroom::plugins::sql {

/// What all three tools take.
struct Connecting {
  std::string connection = "DATABASE_URL";
  double timeout_seconds = 60;

  static constexpr auto fields() {
    return tool::fields(
        tool::field(
            "connection",
            &Connecting::connection,
            "The name of the secret that holds the connection string"
        ),
        tool::field(
            "timeout_seconds", &Connecting::timeout_seconds, "How long one statement may run"
        )
            .at_least(0.001)
            .at_most(86400)
    );
  }
};

struct Asking : Connecting {
  std::string sql;
  std::vector<tool::json> params;
  std::int64_t max_rows = 1000;
  std::int64_t max_bytes = std::int64_t{4} << 20;

  static constexpr auto fields() {
    return std::tuple_cat(
        tool::fields(
            tool::field("sql", &Asking::sql, "One statement; parameters are $1, $2 ...")
                .not_empty(),
            tool::option("params", &Asking::params, "The values of $1, $2 ..."),
            tool::field("max_rows", &Asking::max_rows, "The most rows to return")
                .at_least(1)
                .at_most(100000),
            tool::field("max_bytes", &Asking::max_bytes, "The most bytes to return")
                .at_least(1)
                .at_most(64 << 20)
        ),
        Connecting::fields()
    );
  }
};

struct QueryResult {
  std::vector<std::string> columns;
  std::vector<Row> rows;
  std::int64_t row_count = 0;
  bool truncated = false;
  std::int64_t duration_ms = 0;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("columns", &QueryResult::columns, "Their names, in order"),
        tool::field("rows", &QueryResult::rows, "One object a row"),
        tool::field("row_count", &QueryResult::row_count, "How many rows are here"),
        tool::field("truncated", &QueryResult::truncated, "Whether there were more"),
        tool::field("duration_ms", &QueryResult::duration_ms, "How long it took")
    );
  }
};

struct ExecuteArgs : Asking {
  std::optional<std::int64_t> expect_rows;
  bool transaction = true;

  static constexpr auto fields() {
    return std::tuple_cat(
        Asking::fields(),
        tool::fields(
            tool::field(
                "expect_rows", &ExecuteArgs::expect_rows, "Undo it unless it affects so many rows"
            )
                .at_least(0),
            tool::field(
                "transaction",
                &ExecuteArgs::transaction,
                "false for what runs in none, such as VACUUM"
            )
        )
    );
  }
};

struct ExecuteResult {
  std::int64_t rows_affected = 0;
  std::string command;
  std::vector<std::string> columns;
  std::vector<Row> rows;
  bool truncated = false;
  std::int64_t duration_ms = 0;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("rows_affected", &ExecuteResult::rows_affected, "Changed, or returned"),
        tool::field("command", &ExecuteResult::command, "What it was, such as UPDATE"),
        tool::field("columns", &ExecuteResult::columns, "Of what RETURNING gives"),
        tool::field("rows", &ExecuteResult::rows, "What RETURNING gives"),
        tool::field("truncated", &ExecuteResult::truncated, "Whether it gave more"),
        tool::field("duration_ms", &ExecuteResult::duration_ms, "How long it took")
    );
  }
};

struct MigrateArgs : Connecting {
  std::string directory;
  std::string table = "schema_migrations";
  double lock_seconds = 60;
  bool dry_run = false;

  static constexpr auto fields() {
    return std::tuple_cat(
        tool::fields(
            tool::field("directory", &MigrateArgs::directory, "Where the *.sql files are")
                .not_empty(),
            tool::field("table", &MigrateArgs::table, "Where it is written down what was applied")
                .not_empty(),
            tool::field(
                "lock_seconds", &MigrateArgs::lock_seconds, "How long to wait for another one"
            )
                .at_least(0.001)
                .at_most(86400),
            tool::option("dry_run", &MigrateArgs::dry_run, "Only say what would be applied")
        ),
        Connecting::fields()
    );
  }
};

struct MigrateResult {
  std::vector<std::string> applied;
  std::vector<std::string> pending;
  std::int64_t known = 0;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("applied", &MigrateResult::applied, "Applied by this call, in order"),
        tool::field("pending", &MigrateResult::pending, "Not applied: those of a dry run"),
        tool::field("known", &MigrateResult::known, "Applied before")
    );
  }
};

tool::Outcome<QueryResult> query(const Asking& args, tool::Call& call);
tool::Outcome<ExecuteResult> execute(const ExecuteArgs& args, tool::Call& call);
tool::Outcome<MigrateResult> migrate(const MigrateArgs& args, tool::Call& call);

/// A connection by the name of its secret, its statements limited. Errors never show the secret.
std::unique_ptr<Database> connect(const Connecting& args, const tool::Call& call);

}  // namespace opsroom::plugins::sql
