#include "base/failure.hpp"
#include "base/files.hpp"
#include "cli/books.hpp"
#include "cli/plugin_project.hpp"
#include "cli/plugin_verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace opsroom::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_name = 40;

/// Good for a file, a CMake target and a source in tools.json at once.
void check_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (!name.empty() && name.size() <= longest_name && name[0] >= 'a' && name[0] <= 'z' &&
      std::all_of(name.begin(), name.end(), fits))
    return;
  throw Failure(
      Code::invalid,
      fmt::format("'{}' is no name for a plugin", name),
      fmt::format("Up to {} of a-z, 0-9, _ and -, a letter first: my-tool.", longest_name)
  );
}

void check_directory(const fs::path& directory) {
  std::error_code error;
  if (fs::symlink_status(directory, error).type() == fs::file_type::not_found) return;
  throw Failure(
      Code::conflict,
      fmt::format("{} is there already, and nothing in it is touched", directory.string()),
      "Choose another name or --directory, or remove it."
  );
}

}  // namespace

int perform_plugin(const Context& context, const NewPlugin& verb) {
  check_name(verb.name);
  const fs::path directory =
      fs::absolute(verb.directory.empty() ? verb.name : verb.directory).lexically_normal();
  check_directory(directory);
  Json files = Json::array();
  for (const ProjectFile& file : plugin_project(verb.name)) {
    const fs::path path = directory / file.path;
    make_directories(path.parent_path());
    write_file(path, file.text);
    files.push_back(file.path);
  }
  if (context.json) {
    fmt::print("{}\n", dump(Json{{"directory", directory.string()}, {"files", files}}));
    return 0;
  }
  fmt::print(
      "{0}: {1} files\n"
      "  cd {0}\n"
      "  cmake -B build -G Ninja && cmake --build build\n"
      "  ctest --test-dir build --output-on-failure\n"
      "  opsroom tools call {2}.greet '{{\"name\": \"Ann\"}}'\n",
      directory.string(),
      files.size(),
      verb.name
  );
  return 0;
}

}  // namespace opsroom::cli
