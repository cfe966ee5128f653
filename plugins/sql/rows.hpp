#pragma once
#include "database.hpp"

#include <nlohmann/json.hpp>

#include <map>

namespace opsroom::plugins::sql {

using Row = std::map<std::string, tool::json>;

/// JSON as PostgreSQL's parameters: null is NULL, objects and lists are their JSON. Throws
/// tool::BadArguments below "/params".
Parameters parameters_of(const std::vector<tool::json>& values);

/// Gathers rows up to a number and a size.
class Gathering {
 public:
  Gathering(std::int64_t most_rows, std::int64_t most_bytes)
      : most_rows_(most_rows), most_bytes_(most_bytes) {}

  /// The only row of a result. False when it is one too many.
  bool take(const PGresult& result);
  /// The names of the columns, also of a result without rows. Throws std::runtime_error when two
  /// columns have the same name.
  void name_columns(const PGresult& result);

  std::vector<std::string> columns;
  std::vector<Row> rows;
  bool truncated = false;

 private:
  std::int64_t most_rows_;
  std::int64_t most_bytes_;
  std::int64_t bytes_ = 0;
};

/// PostgreSQL would take only what stands before a NUL. Throws tool::BadArguments.
void check_statement(const std::string& statement);

}  // namespace opsroom::plugins::sql
