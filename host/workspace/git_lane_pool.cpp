#include "workspace/git_lane_pool.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "workspace/lane_checkout.hpp"
#include "workspace/names.hpp"

#include <fmt/format.h>

namespace opsroom::workspace {
namespace {

Layout layout_at(const std::filesystem::path& root) {
  const std::filesystem::path absolute = std::filesystem::absolute(root).lexically_normal();
  make_directories(absolute);
  return Layout{absolute};
}

bool there(const std::filesystem::path& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

/// A lane belongs to the repository it was made from.
void check_same_repository(
    const LaneName& name,
    const Layout::Lane& places,
    const LaneRecord& record,
    const Repository& repository
) {
  if (repository.none() || repository.shown == record.repository) return;
  throw Failure(
      Code::conflict,
      fmt::format(
          "{} is a checkout of '{}', not of '{}'",
          name.text(),
          record.repository.empty() ? "(no repository)" : record.repository,
          repository.shown
      ),
      fmt::format(
          "Use another lane or session, or remove {} to have it made anew.",
          places.checkout.string()
      )
  );
}

}  // namespace

GitLanePool::GitLanePool(process::Spawner& spawner, std::filesystem::path root, LaneOptions options)
    : options_(std::move(options)),
      layout_(layout_at(root)),
      blocking_(options_.walk_threads, "lanes"),
      git_(spawner, layout_.root, options_.remote_git_config),
      hubs_(git_, blocking_, layout_, options_.remote_timeout),
      maker_(git_, blocking_, layout_) {}

Task<std::unique_ptr<LaneCheckout>> GitLanePool::open(LaneRequest request) {
  check_name("session name", request.session);
  check_name("lane name", request.lane);
  check_base(request.base);
  const Repository repository = parse_repository(request.repository);
  const LaneName name{request.session, request.lane};
  const Layout::Lane places = layout_.lane(name.session, name.lane);
  make_directories(places.lock.parent_path());
  const std::string what = name.text();
  auto locking = lock_file(places.lock, options_.remote_timeout, what);
  const FileLock lock = co_await std::move(locking);
  auto opening = open_locked(name, repository, request.base);
  co_return co_await std::move(opening);
}

Task<std::unique_ptr<LaneCheckout>> GitLanePool::open_locked(
    LaneName name, Repository repository, std::string base
) {
  const Layout::Lane places = layout_.lane(name.session, name.lane);
  co_await maker_.clear(name);
  if (!there(places.checkout)) {
    const std::string pin = name.pin();
    const HubBase found = co_await hubs_.base_for(repository, base, pin);
    co_await maker_.make(name, repository, found);
  }
  const auto executor = co_await asio::this_coro::executor;
  LaneRecord record;
  try {
    record = read_record(places.host_git);
  } catch (const Failure& failure) {
    throw lane_failure(name, places, failure);
  }
  check_same_repository(name, places, record, repository);
  try {
    remove_dead_indexes(places.host_git);
    co_return std::make_unique<GitLaneCheckout>(
        executor, git_, blocking_, name, places, record, options_.snapshot, options_.patch
    );
  } catch (const Failure& failure) {
    throw lane_failure(name, places, failure);
  }
}

}  // namespace opsroom::workspace
