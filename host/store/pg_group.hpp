#pragma once

#include "model/run.hpp"
#include "store/database.hpp"
#include "store/group_commit.hpp"

#include <string>

namespace opsroom::store {

/// A change of a step, or the end of a run, as ops.write_together reads it.
struct RunWrite {
  RunId run;
  bool ends = false;
  std::string json;
};

enum class WriteOutcome { done, lost };

using RunWrites = GroupCommit<RunWrite, WriteOutcome>;

/// Writes them in one transaction. `database` outlives the task.
Task<std::vector<WriteOutcome>> write_together(
    Database& database, std::vector<const RunWrite*> writes
);

}  // namespace opsroom::store
