#include "tools.hpp"

#include <opsroom/tool.hpp>

namespace {

namespace sql = opsroom::plugins::sql;

void add_tools(opsroom::tool::Registry& tools) {
  tools.add<sql::Asking>(
      "query",
      "Reads from PostgreSQL with one statement, in a transaction that may only read.",
      sql::query,
      {.title = "Query a database",
       .read_only = true,
       .destructive = false,
       .idempotent = true,
       .open_world = true}
  );
  tools.add<sql::ExecuteArgs>(
      "execute",
      "Changes PostgreSQL with one statement, in a transaction of its own.",
      sql::execute,
      {.title = "Change a database",
       .read_only = false,
       .destructive = true,
       .idempotent = false,
       .open_world = true}
  );
  tools.add<sql::MigrateArgs>(
      "migrate",
      "Applies the SQL files of a directory that PostgreSQL has not seen yet, in order.",
      sql::migrate,
      {.title = "Migrate a database",
       .read_only = false,
       .destructive = true,
       .idempotent = true,
       .open_world = true}
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("sql", "0.1.0", OPSROOM_CONCURRENT);
