#include "list.hpp"

#include "change.hpp"
#include "glob.hpp"
#include "walk.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <opsroom/text.hpp>
#include <unistd.h>

namespace opsroom::files {
namespace {

void check_kinds(const std::vector<std::string>& kinds) {
  for (std::size_t i = 0; i < kinds.size(); ++i)
    if (kinds[i] != "file" && kinds[i] != "directory" && kinds[i] != "symlink" &&
        kinds[i] != "other")
      throw tool::BadArguments(
          "/kinds/" + std::to_string(i),
          "must be one of file, directory, symlink, other, got " + kinds[i]
      );
}

std::string in_utc(const timespec& time) {
  std::tm parts{};
  ::gmtime_r(&time.tv_sec, &parts);
  std::array<char, 40> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

std::optional<std::string> target_of(const Found& found) {
  if (!S_ISLNK(found.info.st_mode)) return std::nullopt;
  std::array<char, 4096> text{};
  const auto size =
      ::readlinkat(found.directory.get(), found.name.c_str(), text.data(), text.size());
  if (size < 0) return std::nullopt;
  return printable_utf8({text.data(), static_cast<std::size_t>(size)});
}

ListEntry entry_of(const Found& found, const std::filesystem::path& start) {
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", found.info.st_mode & permissions);
  return {
      printable_utf8((start / found.path).string()),
      kind_of(found.info),
      S_ISREG(found.info.st_mode) ? static_cast<std::int64_t>(found.info.st_size) : 0,
      mode.data(),
      in_utc(found.info.st_mtim),
      target_of(found)
  };
}

std::string in_words(const ListResult& result) {
  std::string text;
  for (const ListEntry& entry : result.entries) {
    text += entry.path;
    if (entry.kind == "directory") text += "/";
    if (entry.target) text += " -> " + *entry.target;
    text += "\n";
  }
  if (result.entries.empty()) text = "nothing found\n";
  if (result.too_deep > 0)
    text += std::to_string(result.too_deep) + " directories are deeper than " +
            std::to_string(deepest) + " levels; list those from below\n";
  else if (result.truncated)
    text += "... and more; narrow it down, or raise limit\n";
  if (result.unreadable > 0)
    text += std::to_string(result.unreadable) + " directories could not be looked into\n";
  text.pop_back();
  return text;
}

}  // namespace

tool::Outcome<ListResult> list_files(const ListArgs& args, tool::Call& call) {
  const auto path = checked_directory(args.path, "/path");
  check_kinds(args.kinds);
  std::optional<Glob> glob;
  if (args.glob) glob.emplace(*args.glob, "/glob");
  const Lane lane(call);
  const Fd start = lane.directory(path);
  ListResult result;
  const auto visit = [&](const Found& found) {
    const auto kind = kind_of(found.info);
    const bool wanted = args.kinds.empty() ||
                        std::find(args.kinds.begin(), args.kinds.end(), kind) != args.kinds.end();
    if (!wanted || (glob && !glob->matches(found.path))) return Next::on;
    result.truncated = static_cast<std::int64_t>(result.entries.size()) == args.limit;
    if (result.truncated) return Next::stop;
    result.entries.push_back(entry_of(found, path));
    return Next::on;
  };
  const Missed missed = walk(start, args.depth.value_or(glob ? all_levels : 1), call, visit);
  result.unreadable = missed.unreadable;
  result.too_deep = missed.too_deep;
  result.truncated = result.truncated || missed.too_deep > 0;
  std::string text = in_words(result);
  return {std::move(result), std::move(text)};
}

}  // namespace opsroom::files
