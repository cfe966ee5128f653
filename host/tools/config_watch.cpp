#include "tools/config_watch.hpp"

#include "base/blocking.hpp"
#include "base/files.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <vector>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

// An editor writes in several steps; one look after the last of them is enough.
constexpr Clock::duration quiet_time = 100ms;
constexpr Clock::duration longest_quiet_time = 2s;
constexpr std::uint32_t of_interest =
    IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ATTRIB;
constexpr int most_links = 16;

/// By what a changed file differs, symbolic links followed.
struct Stamp {
  std::uint64_t device = 0;
  std::uint64_t node = 0;
  std::int64_t size = -1;
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  bool operator==(const Stamp&) const = default;
};

Stamp stamp_of(const std::filesystem::path& file) {
  struct stat now{};
  if (::stat(file.c_str(), &now) != 0) return {};
  return {now.st_dev, now.st_ino, now.st_size, now.st_mtim.tv_sec, now.st_mtim.tv_nsec};
}

void log_refusal(const Failure& failure) {
  spdlog::error(
      "tools.json has changed, but is NOT used; the old one stays in force: {} {}",
      failure.message(),
      failure.hint()
  );
}

}  // namespace

struct ConfigWatch::State {
  State(asio::any_io_executor io, std::filesystem::path path, Apply on_new, Refuse on_bad)
      : executor(io),
        file(std::move(path)),
        apply(std::move(on_new)),
        refuse(on_bad ? std::move(on_bad) : Refuse(log_refusal)),
        stamp(stamp_of(file)),
        events(io),
        called(io),
        loops(io) {}

  void call() {
    touched = Clock::now();
    called.notify();
  }

  /// Where a change of the file can show: its directory, those of the files that its name leads to
  /// through symbolic links, and the file itself, which may have other names.
  std::vector<std::filesystem::path> places() const {
    std::vector<std::filesystem::path> found{file.parent_path()};
    std::filesystem::path at = file;
    std::error_code error;
    for (int links = 0; links < most_links && std::filesystem::is_symlink(at, error); ++links) {
      at = at.parent_path() / std::filesystem::read_symlink(at, error);
      found.push_back(at.parent_path());
    }
    found.push_back(file);
    return found;
  }

  /// Watches those places, and no others any more. False when not even the directory can be.
  bool watch_places() {
    std::set<int> now;
    bool first = true;
    for (const std::filesystem::path& place : places()) {
      const int watch = ::inotify_add_watch(events.native_handle(), place.c_str(), of_interest);
      if (watch < 0 && first) return false;
      if (watch >= 0) now.insert(watch);
      first = false;
    }
    for (const int watch : watches) {
      // One whose directory is gone has gone by itself.
      if (!now.contains(watch)) ::inotify_rm_watch(events.native_handle(), watch);
    }
    watches = std::move(now);
    return true;
  }

  asio::any_io_executor executor;
  std::filesystem::path file;
  Apply apply;
  Refuse refuse;
  BlockingPool pool{1, "opsroom-config"};
  Stamp stamp;
  asio::posix::stream_descriptor events;
  std::set<int> watches;
  Signal called;
  TaskGroup loops;
  std::optional<Clock::time_point> touched;  ///< something has happened that was not looked at yet
  bool forced = false;
  bool stopped = false;
};

ConfigWatch::ConfigWatch(
    asio::any_io_executor executor, std::filesystem::path file, Apply apply, Refuse refuse
)
    : state_(std::make_shared<State>(
          std::move(executor), std::filesystem::absolute(file), std::move(apply), std::move(refuse)
      )) {}

ConfigWatch::~ConfigWatch() {
  state_->stopped = true;
  boost::system::error_code ignored;
  state_->events.close(ignored);
  state_->called.notify();
}

void ConfigWatch::start() {
  const auto log_failure = [state = state_](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& reason) {
      spdlog::error("watching {} failed: {}", state->file.string(), reason.what());
    }
  };
  state_->loops.start(serve(state_), log_failure);
  Fd watch_fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (watch_fd) state_->events.assign(watch_fd.release());
  if (!state_->events.is_open() || !state_->watch_places()) {
    spdlog::warn(
        "changes of {} are seen on SIGHUP only: inotify: {}",
        state_->file.string(),
        std::strerror(errno)
    );
    return;
  }
  state_->loops.start(watch(state_), log_failure);
}

void ConfigWatch::reread() {
  state_->forced = true;
  state_->call();
}

Task<> ConfigWatch::stop() {
  const std::shared_ptr<State> state = state_;
  state->stopped = true;
  boost::system::error_code ignored;
  state->events.close(ignored);
  state->called.notify();
  co_await state->loops.wait_until_at_most(0);
}

// Which file has changed is not asked: behind a symbolic link it has any name.
Task<> ConfigWatch::watch(std::shared_ptr<State> state) {
  std::array<char, 4096> buffer{};
  boost::system::error_code error;
  while (!error) {
    auto token = asio::redirect_error(asio::use_awaitable, error);
    co_await state->events.async_read_some(asio::buffer(buffer), token);
    if (error) break;
    // Names may lead elsewhere now.
    if (!state->watch_places()) spdlog::debug("{} has lost its directory", state->file.string());
    state->call();
  }
}

Task<> ConfigWatch::serve(std::shared_ptr<State> state) {
  while (!state->stopped) {
    if (!state->touched) {
      co_await state->called.wait();
      continue;
    }
    const auto latest = *state->touched + longest_quiet_time;
    while (!state->stopped && !state->forced && Clock::now() < latest) {
      const auto left = *state->touched + quiet_time - Clock::now();
      if (left <= Clock::duration::zero()) break;
      co_await state->called.wait_for(left);
    }
    state->touched.reset();
    const bool forced = std::exchange(state->forced, false);
    const Stamp now = stamp_of(state->file);
    if (state->stopped || (!forced && now == state->stamp)) continue;
    state->stamp = now;
    std::optional<ToolsConfig> config;
    std::optional<Failure> failed;
    try {
      const auto load = [&state] { return load_tools_config(state->file); };
      auto loading = state->pool.run(load);
      config = co_await std::move(loading);
    } catch (const Failure& failure) {
      failed = failure;
    }
    if (state->stopped) co_return;
    if (failed) {
      state->refuse(*failed);
    } else {
      spdlog::info("{} was read again", state->file.string());
      state->apply(std::move(*config));
    }
  }
}

}  // namespace opsroom::tools
