#include "store/migration_plan.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <regex>

namespace opsroom::store {
namespace {

MigrationFile read_one(const std::filesystem::path& path) {
  static const std::regex form("([0-9]{4})_[a-z0-9_]+");
  MigrationFile file;
  file.name = path.stem().string();
  std::smatch parts;
  if (!std::regex_match(file.name, parts, form)) {
    throw Failure(
        Code::invalid,
        fmt::format("{} is not a migration's name", path.string()),
        "Migrations are called 0007_what_it_does.sql."
    );
  }
  file.version = std::stoi(parts[1]);
  file.sql = read_file(path);
  file.checksum = sha256_hex(file.sql);
  return file;
}

void refuse_doubles(const std::vector<MigrationFile>& files) {
  const auto twice =
      std::adjacent_find(files.begin(), files.end(), [](const auto& a, const auto& b) {
        return a.version == b.version;
      });
  if (twice == files.end()) return;
  throw Failure(
      Code::invalid,
      fmt::format("migrations {} and {} have the same number", twice->name, (twice + 1)->name)
  );
}

}  // namespace

std::vector<MigrationFile> read_migrations(const std::filesystem::path& directory) {
  std::vector<MigrationFile> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".sql") files.push_back(read_one(entry.path()));
  }
  if (error) throw system_failure(error.value(), "migrations directory " + directory.string());
  if (files.empty()) {
    throw Failure(
        Code::not_found,
        fmt::format("there are no migrations in {}", directory.string()),
        "They belong to the installation: install opsroom again, or name the directory that has "
        "them."
    );
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return a.name < b.name;
  });
  refuse_doubles(files);
  return files;
}

std::size_t pending_migrations(
    const std::vector<Migration>& applied, const std::vector<MigrationFile>& files
) {
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const Migration& old = applied[i];
    if (i >= files.size()) {
      throw Failure(
          Code::conflict,
          fmt::format("the database is newer than this opsroom: it has migration {}", old.name),
          "Use the opsroom that applied it, or a newer one."
      );
    }
    const MigrationFile& file = files[i];
    if (file.version != old.version) {
      throw Failure(
          Code::conflict,
          fmt::format("the database has migration {} where the files have {}", old.name, file.name),
          "Applied migrations stay, in their order; a new one gets the next number."
      );
    }
    if (file.checksum != old.checksum) {
      throw Failure(
          Code::conflict,
          fmt::format("migration {} was changed after it was applied", file.name),
          "Restore the file; put the change into a new migration."
      );
    }
  }
  return files.size() - applied.size();
}

}  // namespace opsroom::store
