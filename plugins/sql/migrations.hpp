#pragma once
#include <opsroom/tool.hpp>
#include <string>
#include <utility>
#include <vector>

namespace opsroom::plugins::sql {

struct Migration {
  std::string name;  ///< of the file
  std::string text;
  std::string checksum;  ///< SHA-256 of its bytes
};

/// The *.sql files of a directory of the lane, by name. FileError; std::runtime_error when there is
/// none.
std::vector<Migration> read_migrations(const tool::Call& call, const std::string& directory);

/// Name and checksum of what was applied, by name.
using Applied = std::vector<std::pair<std::string, std::string>>;

/// How many of the files were applied: they must be the first ones, and unchanged. Throws
/// std::runtime_error that names the file that is changed, missing or out of order.
std::size_t check_history(const std::vector<Migration>& files, const Applied& applied);

}  // namespace opsroom::plugins::sql
