#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::store {

/// A file NNNN_name.sql, or the row a database keeps of it.
struct Migration {
  int version = 0;
  std::string name;      ///< "0001_tables"
  std::string checksum;  ///< SHA-256 of the text
};

struct MigrationFile : Migration {
  std::string sql;
};

/// Reads the .sql files of `directory`, in order. A Failure names the file whose name is no
/// NNNN_name.sql or whose number is taken, or the directory that is missing or empty.
std::vector<MigrationFile> read_migrations(const std::filesystem::path& directory);

/// How many of `files` are to be applied to a database that has `applied` (both in order): the
/// first files must be the applied ones, unchanged. Failure{conflict} names the file that was
/// changed or is missing, or says that the database is newer.
std::size_t pending_migrations(
    const std::vector<Migration>& applied, const std::vector<MigrationFile>& files
);

}  // namespace opsroom::store
