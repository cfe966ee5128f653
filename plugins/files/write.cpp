#include "write.hpp"

#include "change.hpp"
#include "lane.hpp"

#include <cerrno>

namespace opsroom::files {
namespace {

namespace fs = std::filesystem;

std::optional<mode_t> octal(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  const bool digits = !text->empty() && text->size() <= 4 &&
                      text->find_first_not_of("01234567") == std::string::npos;
  if (!digits)
    throw tool::BadArguments("/mode", "must be octal, such as 0644, got \"" + *text + "\"");
  return static_cast<mode_t>(std::stoul(*text, nullptr, 8));
}

/// Executable for everybody who may read.
mode_t with_execute(mode_t mode) {
  return mode | ((mode & 0444) >> 2);
}

void set_permissions(
    StagedFile& file,
    const WriteArgs& args,
    std::optional<mode_t> asked,
    const std::optional<struct stat>& before
) {
  const bool keeps = !asked && before && S_ISREG(before->st_mode);
  if (!asked && !keeps && !args.executable) return;
  mode_t mode = 0644;
  if (asked)
    mode = *asked;
  else if (keeps)
    mode = before->st_mode & permissions;
  file.set_mode(args.executable ? with_execute(mode) : mode);
}

}  // namespace

WriteResult write_file(const WriteArgs& args, tool::Call& call) {
  const fs::path path = checked_path(args.path);
  const auto mode = octal(args.mode);
  const Lane lane(call);
  const Place place = lane.place(path, args.create_dirs);
  const auto before = existing(place);
  if (before && S_ISDIR(before->st_mode)) throw FileError("write", path, EISDIR);
  call.checkpoint();

  StagedFile file(place, 0666);
  file.write(args.content);
  set_permissions(file, args, mode, before);
  // A symbolic link at the path is replaced, never followed.
  file.replace();
  return {args.path, static_cast<std::int64_t>(args.content.size()), !before};
}

}  // namespace opsroom::files
