#include "workspace/lane_maker.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/json.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace opsroom::workspace {
namespace {

constexpr const char* record_file = "opsroom.json";

void write_record(const std::filesystem::path& host_git, const LaneRecord& record) {
  const Json json = {
      {"repository", record.repository},
      {"base", record.base},
      {"branch", record.branch},
      {"hub", record.hub}
  };
  write_file(host_git / record_file, dump(json) + "\n");
}

void borrow_objects(const std::filesystem::path& git_dir, const std::filesystem::path& hub) {
  const auto folder = git_dir / "objects" / "info";
  make_directories(folder);
  write_file(folder / "alternates", (hub / "objects").string() + "\n");
}

void move_path(const std::filesystem::path& from, const std::filesystem::path& to) {
  std::error_code error;
  std::filesystem::rename(from, to, error);
  if (error) {
    throw system_failure(
        error.value(), fmt::format("renaming {} to {}", from.string(), to.string())
    );
  }
}

bool there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

}  // namespace

LaneRecord read_record(const std::filesystem::path& host_git) {
  const auto path = host_git / record_file;
  const std::string where = path.string();
  if (!there(path)) {
    throw Failure(Code::conflict, fmt::format("the host's half of it is missing ({})", where));
  }
  const Json json = parse_json(read_file(path, 64u << 10), where);
  return LaneRecord{
      string_at(json, "repository", where),
      string_at(json, "base", where),
      string_at(json, "branch", where),
      string_at(json, "hub", where)
  };
}

LaneMaker::LaneMaker(Git& git, BlockingPool& pool, Layout layout)
    : git_(git), pool_(pool), layout_(std::move(layout)) {}

Task<> LaneMaker::clear(LaneName name) {
  const Layout::Lane places = layout_.lane(name.session, name.lane);
  const bool died_between_renames = there(places.building) && !there(places.building / "host.git");
  if (there(places.building)) co_await remove_tree(pool_, places.building);
  if (there(places.checkout) || !there(places.host_git)) co_return;
  if (died_between_renames) {
    co_await remove_tree(pool_, places.host_git);
    co_return;
  }
  make_directories(layout_.lost_folder());
  const std::string when = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::time(nullptr)));
  move_path(
      places.host_git,
      layout_.lost_folder() /
          fmt::format("{}-{}-{}-{}.git", name.session, name.lane, when, random_hex(3))
  );
}

Task<> LaneMaker::make(LaneName name, Repository repository, HubBase base) {
  const Layout::Lane places = layout_.lane(name.session, name.lane);
  std::exception_ptr error;
  try {
    co_await build(name, repository, base);
    make_directories(places.checkout.parent_path());
    move_path(places.building / "host.git", places.host_git);
    move_path(places.building / "checkout", places.checkout);
  } catch (...) {
    error = std::current_exception();
  }
  // Nothing half-made stays, even when whoever asked has been cancelled.
  co_await asio::this_coro::throw_if_cancelled(false);
  if (error && !there(places.checkout)) co_await remove_tree(pool_, places.host_git);
  co_await remove_tree(pool_, places.building);
  co_await asio::this_coro::throw_if_cancelled(true);
  if (error) std::rethrow_exception(error);
}

Task<> LaneMaker::build(LaneName name, Repository repository, HubBase base) {
  const Layout::Lane places = layout_.lane(name.session, name.lane);
  const auto host = places.building / "host.git";
  const auto checkout = places.building / "checkout";
  make_directories(checkout);
  const LaneRecord record{repository.shown, base.commit, name.branch(), base.hub.string()};
  co_await build_host(host, record, base.object_format);
  co_await check_out(host, checkout, base.commit);
  co_await build_lane_git(checkout, record, base);
  // The lane's index is the shadow index: same files, same stat data, one checkout.
  std::error_code failed;
  std::filesystem::copy_file(host / "index", checkout / ".git" / "index", failed);
  if (failed) throw system_failure(failed.value(), "copying the index of " + name.text());
}

Task<> LaneMaker::build_host(
    std::filesystem::path host, LaneRecord record, std::string object_format
) {
  co_await init_bare(git_, host, object_format);
  borrow_objects(host, record.hub);
  write_record(host, record);
  GitCall call;
  call.git_dir = host;
  call.args = {"update-ref", "refs/opsroom/base", record.base};
  const std::string what = fmt::format("pinning the base in {}", host.string());
  co_await git_.output(std::move(call), what);
}

Task<> LaneMaker::check_out(
    std::filesystem::path host, std::filesystem::path checkout, std::string commit
) {
  GitCall call;
  call.git_dir = host;
  call.work_tree = checkout;
  call.args = {"-c", "checkout.workers=2", "read-tree", "--reset", "-u", commit};
  call.timeout = std::chrono::minutes(20);
  const std::string what = fmt::format("checking {} out", commit.substr(0, 12));
  co_await git_.output(std::move(call), what);
}

Task<> LaneMaker::build_lane_git(std::filesystem::path checkout, LaneRecord record, HubBase base) {
  const auto git_dir = checkout / ".git";
  const std::string what = "making the lane's .git";
  GitCall init;
  init.git_dir = git_dir;
  init.work_tree = checkout;
  init.args = {
      "init",
      "--quiet",
      "--template=",
      "--object-format=" + base.object_format,
      "--initial-branch=" + record.branch
  };
  co_await git_.output(std::move(init), what);
  borrow_objects(git_dir, record.hub);
  make_directories(git_dir / "info");

  std::string refs = fmt::format("create refs/heads/{} {}\n", record.branch, record.base);
  if (!base.origin_branch.empty()) {
    refs += fmt::format("create refs/remotes/origin/{} {}\n", base.origin_branch, record.base);
  }
  GitCall update;
  update.git_dir = git_dir;
  update.args = {"update-ref", "--stdin"};
  update.input = refs;
  co_await git_.output(std::move(update), what);
  if (record.repository.empty()) co_return;
  GitCall remote;
  remote.git_dir = git_dir;
  remote.args = {"remote", "add", "origin", record.repository};
  co_await git_.output(std::move(remote), what);
}

}  // namespace opsroom::workspace
