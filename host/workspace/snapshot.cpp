#include "workspace/snapshot.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::workspace {
namespace {

constexpr int most_refusals = 16;  ///< files git refuses in one snapshot
constexpr std::string_view refusal = "fatal: Unable to process path ";

/// git trusts an entry whose stat data agrees unless the file is younger than the index. Told that
/// the index is as old as the walk, it compares the content of every file that was written since.
void backdate(const std::filesystem::path& index, std::int64_t started_ns) {
  const std::int64_t when = started_ns - 20'000'000;
  const timespec time{when / 1'000'000'000, when % 1'000'000'000};
  const timespec times[2] = {time, time};
  if (::utimensat(AT_FDCWD, index.c_str(), times, 0) != 0) {
    throw system_failure(errno, fmt::format("dating {}", index.string()));
  }
}

/// The path git could not add, when that is what it died of.
std::string refused_path(const process::CommandResult& result) {
  const std::size_t at = result.err.rfind(refusal);
  if (at == std::string::npos) return {};
  return trimmed(result.err.substr(at + refusal.size()));
}

}  // namespace

Snapshot::Snapshot(Git& git, BlockingPool& pool, SnapshotPlaces places, SnapshotLimits limits)
    : git_(git), pool_(pool), places_(std::move(places)), limits_(limits) {}

GitCall Snapshot::call(std::vector<std::string> args) const {
  GitCall made;
  made.git_dir = places_.host_git;
  made.work_tree = places_.checkout;
  made.index = places_.index;
  made.args = std::move(args);
  made.timeout = limits_.git_timeout;
  return made;
}

Task<std::string> Snapshot::take() {
  // Files come and go while we look; a second look sees a state that was there.
  std::exception_ptr error;
  for (int tries = 0; tries < 3; ++tries) {
    error = nullptr;
    try {
      std::string tree = co_await attempt();
      const Fd lane = open_lane(places_.checkout, places_.identity);
      co_return tree;
    } catch (const Failure& failure) {
      error = std::current_exception();
      if (failure.code() != Code::internal) tries = 3;
    }
    loaded_ = false;
  }
  std::rethrow_exception(error);
}

Task<std::string> Snapshot::attempt() {
  // Only this object uses the index: a lock file is what a killed git left.
  const std::filesystem::path lock = places_.index.string() + ".lock";
  ::unlink(lock.c_str());
  const bool knew = loaded_;
  if (!loaded_) co_await load();
  co_await survey();
  if (knew && plan_.rules_changed) {
    files_.forget_judgements();
    co_await survey();
  }
  const std::unordered_set<std::string> ignored = co_await ask_ignored(plan_.questions);
  files_.answer(plan_, ignored);
  if (plan_.writes_index() || tree_.empty()) {
    loaded_ = false;  // until it is known that the index holds what we think
    co_await apply();
    const std::string what = "writing a tree";
    auto writing = git_.output(call({"write-tree"}), what);
    tree_ = trimmed(co_await std::move(writing));
    backdate(places_.index, plan_.started_ns);  // last, since write-tree writes the index too
    files_.applied(plan_);
    loaded_ = true;
  }
  skipped_ = std::move(plan_.skipped);
  co_return tree_;
}

Task<> Snapshot::load() {
  const std::string what = "reading the lane's base";
  auto tree_call = call({"ls-tree", "-r", "-t", "-z", places_.base});
  const std::string tree = co_await git_.output(std::move(tree_call), what);
  auto index_call = call({"ls-files", "-s", "-z"});
  const std::string index = co_await git_.output(std::move(index_call), what);
  files_.load(tree, index);
  tree_.clear();
  loaded_ = true;
}

Task<> Snapshot::survey() {
  const auto work = [this] {
    const Fd lane = open_lane(places_.checkout, places_.identity);
    return files_.plan(scan_lane(lane, files_.rules(limits_.file_bytes, limits_.entries)));
  };
  plan_ = co_await pool_.run(work);
}

Task<std::unordered_set<std::string>> Snapshot::ask_ignored(std::vector<std::string> paths) {
  std::unordered_set<std::string> ignored;
  if (paths.empty()) co_return ignored;
  // --no-index: being in the shadow index says nothing about the lane's own view of a file.
  GitCall asking = call({"check-ignore", "--no-index", "-z", "--stdin"});
  for (const std::string& path : paths) {
    asking.input += "./";  // else a leading colon were pathspec magic
    asking.input += path;
    asking.input += '\0';
  }
  const process::CommandResult result = co_await git_.run(std::move(asking));
  if (result.status.code != 0 && result.status.code != 1) {
    throw git_failure(result, "asking which files are ignored");
  }
  std::string_view rest = result.out;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    ignored.emplace(rest.substr(std::min<std::size_t>(2, end), end - std::min<std::size_t>(2, end))
    );
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  co_return ignored;
}

Task<> Snapshot::apply() {
  if (!plan_.removed.empty() || !plan_.missing_links.empty() || !plan_.returned_links.empty()) {
    co_await feed_entries();
  }
  if (!plan_.changed.empty()) co_await feed_changed();
}

Task<> Snapshot::feed_entries() {
  GitCall feeding = call({"update-index", "-z", "--index-info"});
  const std::string none(places_.base.size(), '0');
  const auto remove = [&](const std::string& path) {
    feeding.input += "0 " + none + '\t' + path + '\0';
  };
  for (const std::string& path : plan_.removed)
    remove(path);
  for (const std::string& path : plan_.missing_links)
    remove(path);
  for (const std::string& path : plan_.returned_links) {
    feeding.input += "160000 " + files_.link_commit(path) + '\t' + path + '\0';
  }
  const std::string what = "taking removed files out of the shadow index";
  co_await git_.output(std::move(feeding), what);
}

Task<> Snapshot::feed_changed() {
  for (int refusals = 0;; ++refusals) {
    GitCall feeding = call({"update-index", "-z", "--add", "--remove", "--replace", "--stdin"});
    for (const ScannedFile& file : plan_.changed) {
      feeding.input += file.path;
      feeding.input += '\0';
    }
    const process::CommandResult result = co_await git_.run(std::move(feeding));
    if (result.status.ok()) co_return;
    const Failure failure = git_failure(result, "hashing the lane's files");
    const std::string path = refused_path(result);
    const auto found =
        std::find_if(plan_.changed.begin(), plan_.changed.end(), [&](const auto& file) {
          return file.path == path;
        });
    if (failure.code() == Code::exhausted || found == plan_.changed.end() ||
        refusals == most_refusals) {
      throw failure;
    }
    files_.refuse(*found, "git refuses it");
    plan_.skipped.push_back({path, "git refuses it", found->stamp.size});
    plan_.changed.erase(found);
    if (plan_.changed.empty()) co_return;
  }
}

}  // namespace opsroom::workspace
