#include "workspace/lane_checkout.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <unistd.h>

namespace opsroom::workspace {
namespace {

constexpr std::size_t most_skipped = 200;

/// Holds a lane's diff for one caller and passes it on, also when the caller is cancelled.
class Turn {
 public:
  Turn(bool& busy, Signal& free) : busy_(busy), free_(free) { busy_ = true; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() {
    busy_ = false;
    free_.notify();
  }

 private:
  bool& busy_;
  Signal& free_;
};

Json skipped_json(const std::vector<Skipped>& skipped) {
  Json list = Json::array();
  for (const Skipped& one : skipped) {
    if (list.size() == most_skipped) break;
    list.push_back(
        {{"path", printable_utf8(one.path)}, {"reason", one.reason}, {"bytes", one.bytes}}
    );
  }
  return list;
}

Identity identity_at(const std::filesystem::path& checkout) {
  const Fd directory = open_lane(checkout, Identity{});
  return identity_of(directory);
}

}  // namespace

GitLaneCheckout::OwnIndex::OwnIndex(const std::filesystem::path& host_git) {
  path = host_git / ("index-" + random_hex(6));
  lock_path = path.string() + ".open";
  lock = FileLock::try_lock(lock_path);
  if (!lock) throw Failure(Code::internal, fmt::format("{} is taken", lock_path.string()));
  // A link keeps the time of the index, which git goes by; git never writes an index in place.
  if (::link((host_git / "index").c_str(), path.c_str()) != 0) {
    const int error = errno;
    if (error == ENOENT) throw Failure(Code::conflict, "the host's index of it is missing");
    throw system_failure(error, fmt::format("opening {}", (host_git / "index").string()));
  }
}

GitLaneCheckout::GitLaneCheckout(
    asio::any_io_executor executor,
    Git& git,
    BlockingPool& pool,
    LaneName name,
    Layout::Lane places,
    LaneRecord record,
    SnapshotLimits snapshot_limits,
    PatchLimits patch_limits
)
    : git_(git),
      name_(std::move(name)),
      places_(std::move(places)),
      record_(std::move(record)),
      patch_limits_(patch_limits),
      identity_(identity_at(places_.checkout)),
      index_(places_.host_git),
      snapshot_(
          git,
          pool,
          SnapshotPlaces{places_.checkout, places_.host_git, index_.path, identity_, record_.base},
          snapshot_limits
      ),
      head_(git, pool, places_.checkout, places_.host_git, record_.base),
      free_(std::move(executor)) {}

GitLaneCheckout::~GitLaneCheckout() {
  // The next host starts from what this one knows. If that fails it hashes the files again, so a
  // failure here loses time and nothing else.
  if (::rename(index_.path.c_str(), (places_.host_git / "index").c_str()) != 0) {
    ::unlink(index_.path.c_str());
  }
  ::unlink(index_.lock_path.c_str());
}

Task<std::optional<LaneDiff>> GitLaneCheckout::diff() {
  while (busy_)
    co_await free_.wait();
  const Turn turn(busy_, free_);
  std::optional<Failure> failed;
  try {
    co_return co_await make_diff();
  } catch (const Failure& failure) {
    failed = lane_failure(name_, places_, failure);
  }
  throw *failed;
}

Task<std::optional<LaneDiff>> GitLaneCheckout::make_diff() {
  const HeadState head = co_await head_.take(identity_);
  snapshot_.set_committed(head.added);
  const std::string tree = co_await snapshot_.take();
  const std::string unchanged = co_await base_tree();
  const Json skipped = skipped_json(snapshot_.skipped());
  if (!returned_ && tree == unchanged && skipped.empty()) co_return std::nullopt;
  const std::string now =
      fmt::format("{} {} {} {}", tree, head.commit.value_or("-"), head.note, dump(skipped));
  if (returned_ == now) co_return std::nullopt;
  LaneDiff diff = co_await describe(tree, head);
  returned_ = now;
  co_return std::optional<LaneDiff>(std::move(diff));
}

Task<LaneDiff> GitLaneCheckout::describe(std::string tree, HeadState head) {
  const std::string from = co_await base_tree();
  auto making = make_patch(git_, places_.host_git, from, tree, patch_limits_);
  Patch patch = co_await std::move(making);
  LaneDiff diff;
  diff.meta = {
      {"base", record_.base},
      {"tree", tree},
      {"head", head.commit ? Json(*head.commit) : Json(nullptr)},
      {"branch", record_.branch},
      {"files", std::move(patch.files)},
      {"file_count", patch.file_count},
      {"truncated", patch.truncated},
      {"skipped", skipped_json(snapshot_.skipped())},
      {"skipped_count", snapshot_.skipped().size()}
  };
  if (!head.note.empty()) diff.meta["note"] = head.note;
  diff.patch = std::move(patch.text);
  co_return diff;
}

Task<std::string> GitLaneCheckout::base_tree() {
  if (base_tree_.empty()) {
    GitCall call;
    call.git_dir = places_.host_git;
    call.args = {"rev-parse", "--verify", "--end-of-options", record_.base + "^{tree}"};
    const std::string what = "reading the lane's base";
    base_tree_ = trimmed(co_await git_.output(std::move(call), what));
  }
  co_return base_tree_;
}

void remove_dead_indexes(const std::filesystem::path& host_git) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(host_git, error)) {
    if (entry.path().extension() != ".open") continue;
    const FileLock lock = FileLock::try_lock(entry.path());
    if (!lock) continue;
    std::filesystem::path index = entry.path();
    index.replace_extension();
    ::unlink(index.c_str());
    ::unlink((index.string() + ".lock").c_str());
    ::unlink(entry.path().c_str());
  }
  if (error) throw system_failure(error.value(), fmt::format("reading {}", host_git.string()));
}

Failure lane_failure(const LaneName& name, const Layout::Lane& places, const Failure& failure) {
  const bool broken = failure.code() == Code::conflict || failure.code() == Code::internal;
  if (!broken) {
    return Failure(
        failure.code(), name.text() + ": " + failure.message(), failure.hint(), failure.retryable()
    );
  }
  const std::string anew = fmt::format("Remove {} to have it made anew.", places.checkout.string());
  return Failure(
      failure.code(),
      fmt::format("{} is broken: {}", name.text(), failure.message()),
      failure.hint().empty() ? anew : failure.hint() + " Or: " + anew
  );
}

}  // namespace opsroom::workspace
