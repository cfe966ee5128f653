#include "workspace/lane_head.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::workspace {
namespace {

constexpr const char* lane_ref = "refs/lanes/head";

/// At most 4 KiB of a regular file in `folder`; nothing of anything else.
std::string glance(const Fd& folder, const std::string& name) {
  const Fd fd(::openat(folder.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info{};
  if (!fd || ::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return {};
  std::string text(4096, '\0');
  const ssize_t got = ::read(fd.get(), text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

std::string packed_refs_stamp(const Fd& git_dir) {
  struct stat info{};
  if (::fstatat(git_dir.get(), "packed-refs", &info, AT_SYMLINK_NOFOLLOW) != 0) return "-";
  return fmt::format(
      "{} {} {}.{}", info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec
  );
}

std::string read_ref(const Fd& git_dir, std::string_view name) {
  const std::size_t slash = name.rfind('/');
  if (slash == std::string_view::npos || name.find("..") != std::string_view::npos) return {};
  const Fd folder = open_directory_beneath(git_dir, name.substr(0, slash));
  return folder ? glance(folder, std::string(name.substr(slash + 1))) : std::string();
}

}  // namespace

std::string head_signature(const Fd& lane) {
  const Fd git_dir = open_directory_beneath(lane, ".git");
  if (!git_dir) {
    throw Failure(Code::conflict, "its .git is no directory of its own");
  }
  const std::string head = trimmed(glance(git_dir, "HEAD"));
  constexpr std::string_view label = "ref: ";
  const std::string target =
      head.starts_with(label) ? read_ref(git_dir, std::string_view(head).substr(label.size())) : "";
  return fmt::format("{}\n{}\n{}", head, target, packed_refs_stamp(git_dir));
}

LaneHead::LaneHead(
    Git& git,
    BlockingPool& pool,
    std::filesystem::path checkout,
    std::filesystem::path host_git,
    std::string base
)
    : git_(git),
      pool_(pool),
      checkout_(std::move(checkout)),
      host_git_(std::move(host_git)),
      base_(std::move(base)) {}

Task<HeadState> LaneHead::take(Identity lane) {
  const auto look = [this, lane]() -> std::string {
    const Fd directory = open_lane(checkout_, lane);
    try {
      return head_signature(directory);
    } catch (const Failure& failure) {
      return "!" + failure.message();  // told in the diff's notes
    }
  };
  const std::string signature = co_await pool_.run(look);
  if (signature == seen_) co_return state_;
  state_ = HeadState{};
  if (signature.starts_with('!')) {
    state_.note = signature.substr(1);
  } else {
    state_ = co_await fetch();
  }
  // A failed fetch may have met git in the middle of a commit: look again next time.
  seen_ = state_.commit ? signature : std::string();
  co_return state_;
}

Task<HeadState> LaneHead::fetch() {
  GitCall call;
  call.git_dir = host_git_;
  call.args = {
      "fetch",
      "--quiet",
      "--no-tags",
      "--no-write-fetch-head",
      "--no-auto-maintenance",
      "--no-recurse-submodules",
      "--upload-pack=" + local_upload_pack(),
      "--",
      (checkout_ / ".git").string(),
      fmt::format("+HEAD:{}", lane_ref)
  };
  call.reach = Reach::lane;
  const process::CommandResult result = co_await git_.run(std::move(call));
  HeadState state;
  if (!result.status.ok()) {
    const Failure failure = git_failure(result, "reading the lane's commits");
    if (failure.code() == Code::exhausted) throw failure;
    state.note = failure.message();
    co_return state;
  }
  state.commit = trimmed(read_file(host_git_ / lane_ref, 4096));
  if (*state.commit == base_) co_return state;
  GitCall added;
  added.git_dir = host_git_;
  added.args = {
      "diff-tree",
      "-r",
      "-z",
      "--name-only",
      "--diff-filter=A",
      "--no-renames",
      base_,
      *state.commit,
      "--"
  };
  const std::string what = "listing the files the lane's commits added";
  state.added = co_await git_.output(std::move(added), what);
  co_return state;
}

}  // namespace opsroom::workspace
