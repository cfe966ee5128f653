#include "tools/artifact_files.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "tools/alarm.hpp"
#include "tools/bell.hpp"
#include "tools/lent_threads.hpp"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/openat2.h>
#include <optional>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace opsroom::tools {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_bytes = std::size_t{256} << 20;

Failure refusal(const ArtifactDraft& draft, std::string_view why) {
  return Failure(
      Code::invalid,
      fmt::format(
          "its artifact '{}' ({}) cannot be taken: {}", draft.name, draft.file.string(), why
      ),
      "A tool hands in regular files below the lane or the temporary directory, at most 256 MiB."
  );
}

/// The way from `root` down to `path`; none when it is not below it.
std::optional<fs::path> way_down(const fs::path& root, const fs::path& path) {
  if (root.empty() || !path.is_absolute()) return std::nullopt;
  const fs::path way = path.lexically_normal().lexically_relative(root.lexically_normal());
  const bool below = !way.empty() && way != "." && *way.begin() != "..";
  return below ? std::optional(way) : std::nullopt;
}

/// Never waits for a pipe's other end, and never leaves `root`.
Fd open_below(const fs::path& root, const fs::path& way) {
  const Fd top(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) return Fd();
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const auto opened = ::syscall(SYS_openat2, top.get(), way.c_str(), &how, sizeof how);
  return Fd(static_cast<int>(opened));
}

std::string content_of(
    const ArtifactDraft& draft, const Fd& file, std::size_t room, const std::atomic<bool>& given_up
) {
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) throw refusal(draft, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) throw refusal(draft, "it is no regular file");
  std::string content;
  content.reserve(std::min(static_cast<std::size_t>(about.st_size), room) + 1);
  std::vector<char> piece(256u << 10);
  while (true) {
    if (given_up) throw refusal(draft, "nobody waits for it any more");
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw refusal(draft, std::strerror(errno));
    if (got == 0) return content;
    content.append(piece.data(), static_cast<std::size_t>(got));
    if (content.size() > room) throw refusal(draft, "the artifacts of one call are too large");
  }
}

std::string fetched(
    const ArtifactDraft& draft,
    const fs::path& lane,
    std::size_t room,
    const std::atomic<bool>& given_up
) {
  std::error_code ignored;
  const fs::path temporary = fs::temp_directory_path(ignored);
  for (const fs::path& root : {lane, temporary}) {
    const auto way = way_down(root, draft.file);
    if (!way) continue;
    const Fd file = open_below(root, *way);
    if (!file) throw refusal(draft, std::strerror(errno));
    return content_of(draft, file, room, given_up);
  }
  throw refusal(draft, "it lies elsewhere");
}

/// Files on their way, owned by whoever still needs them: the thread that reads may be late.
struct Fetching {
  explicit Fetching(fs::path directory) : lane(std::move(directory)) {}

  /// On the thread.
  void work() {
    try {
      std::size_t room = most_bytes;
      for (ArtifactDraft& draft : drafts) {
        draft.content = fetched(draft, lane, room, given_up);
        draft.file.clear();
        room -= draft.content.size();
      }
    } catch (const Failure& failure) {
      failed = failure;
    } catch (const std::exception& error) {
      failed = Failure(Code::exhausted, fmt::format("an artifact was not taken: {}", error.what()));
    }
    bell->ring();
  }

  fs::path lane;
  std::vector<ArtifactDraft> drafts;  ///< those of the result that lie in files, in order
  std::optional<Failure> failed;
  std::shared_ptr<Bell> bell;
  std::atomic<bool> given_up = false;
  bool over = false;  ///< io thread
};

/// Hands over what was fetched, or says why nothing was.
void settle(ToolResult& result, std::vector<ArtifactDraft> fetched, std::optional<Failure> failed) {
  if (!failed) {
    auto next = fetched.begin();
    for (ArtifactDraft& draft : result.artifacts) {
      if (!draft.file.empty()) draft = std::move(*next++);
    }
    return;
  }
  std::erase_if(result.artifacts, [](const ArtifactDraft& draft) { return !draft.file.empty(); });
  if (!result.succeeded) return;  // Its own failure says more.
  result.succeeded = false;
  result.error = failed->message();
  result.hint = failed->hint();
}

bool is_below(const fs::path& file, const fs::path& root) {
  std::error_code error;
  const fs::path top = fs::canonical(root, error);
  return !error && way_down(top, file).has_value();
}

}  // namespace

std::optional<fs::path> acceptable_artifact(const fs::path& path, const fs::path& lane) {
  std::error_code error;
  if (!path.is_absolute()) return std::nullopt;
  const fs::path file = fs::canonical(path, error);
  if (error || !fs::is_regular_file(file, error)) return std::nullopt;
  const bool below = is_below(file, lane) || is_below(file, fs::temp_directory_path(error));
  return below ? std::optional(file) : std::nullopt;
}

Task<> fetch_artifact_files(fs::path lane, ToolResult& result, Clock::duration patience) {
  const auto fetching = std::make_shared<Fetching>(std::move(lane));
  for (const ArtifactDraft& draft : result.artifacts) {
    if (!draft.file.empty()) fetching->drafts.push_back(draft);
  }
  if (fetching->drafts.empty()) co_return;
  const auto executor = co_await asio::this_coro::executor;
  const auto alarm = std::make_shared<Alarm>(executor);
  const auto tell = [alarm, raw = fetching.get()] {
    raw->over = true;
    alarm->ring();
  };
  fetching->bell = std::make_shared<Bell>(executor, tell);
  const ArtifactDraft first = fetching->drafts.front();
  LentThreads thread("opsroom-files");
  try {
    thread.run([fetching] { fetching->work(); });
  } catch (const Failure& failure) {
    // The call was carried out all the same: this must not look like one that was not.
    settle(result, {}, failure);
    co_return;
  }
  const auto until = Clock::now() + patience;
  while (!fetching->over && Clock::now() < until)
    co_await alarm->wait_until(until);
  fetching->bell->take_down();
  if (fetching->over) {
    settle(result, std::move(fetching->drafts), std::move(fetching->failed));
  } else {
    fetching->given_up = true;
    settle(result, {}, refusal(first, "its file system is too slow"));
  }
}

}  // namespace opsroom::tools
