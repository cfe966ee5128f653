#include "migrations.hpp"

#include "common/digest.hpp"
#include "common/lane.hpp"

#include <algorithm>
#include <stdexcept>

namespace opsroom::plugins::sql {
namespace {

constexpr std::size_t largest = std::size_t{16} << 20;

}  // namespace

std::vector<Migration> read_migrations(const tool::Call& call, const std::string& directory) {
  const Lane lane(call);
  const auto where = checked_directory(directory, "/directory");
  std::vector<Migration> files;
  for (const auto& name : lane.files(where)) {
    if (!name.ends_with(".sql")) continue;
    const std::string path = (where / name).string();
    std::string text = lane.content(where / name, largest).text;
    if (text.find('\0') != std::string::npos)
      throw std::runtime_error(path + " contains a NUL character: it is no SQL");
    std::string checksum = sha256_hex(text);
    files.push_back({name, std::move(text), std::move(checksum)});
  }
  if (files.empty()) throw std::runtime_error("there is no *.sql file in " + directory);
  return files;
}

std::size_t check_history(const std::vector<Migration>& files, const Applied& applied) {
  for (const auto& [name, checksum] : applied) {
    const auto found = std::find_if(files.begin(), files.end(), [&](const Migration& each) {
      return each.name == name;
    });
    if (found == files.end())
      throw std::runtime_error(
          name + " was applied to this database, but the file is missing: bring it back"
      );
    if (found->checksum != checksum)
      throw std::runtime_error(
          name +
          " was changed after it had been applied: bring the old file back, and make the "
          "change in a new one"
      );
  }
  for (std::size_t i = 0; i < applied.size(); ++i)
    if (files[i].name != applied[i].first)
      throw std::runtime_error(
          files[i].name + " sorts before " + applied.back().first +
          ", which was applied already: give it a later name"
      );
  return applied.size();
}

}  // namespace opsroom::plugins::sql
