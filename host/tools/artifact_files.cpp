#include "tools/artifact_files.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

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

std::string content_of(const ArtifactDraft& draft, const Fd& file, std::size_t room) {
  struct stat about{};
  if (::fstat(file.get(), &about) != 0) throw refusal(draft, std::strerror(errno));
  if (!S_ISREG(about.st_mode)) throw refusal(draft, "it is no regular file");
  std::string content;
  content.reserve(std::min(static_cast<std::size_t>(about.st_size), room) + 1);
  std::vector<char> piece(256u << 10);
  while (true) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw refusal(draft, std::strerror(errno));
    if (got == 0) return content;
    content.append(piece.data(), static_cast<std::size_t>(got));
    if (content.size() > room) throw refusal(draft, "the artifacts of one call are too large");
  }
}

std::string fetched(const ArtifactDraft& draft, const fs::path& lane, std::size_t room) {
  std::error_code ignored;
  const fs::path temporary = fs::temp_directory_path(ignored);
  for (const fs::path& root : {lane, temporary}) {
    const auto way = way_down(root, draft.file);
    if (!way) continue;
    const Fd file = open_below(root, *way);
    if (!file) throw refusal(draft, std::strerror(errno));
    return content_of(draft, file, room);
  }
  throw refusal(draft, "it lies elsewhere");
}

void fetch_all(std::vector<ArtifactDraft>& drafts, const fs::path& lane) {
  std::size_t room = most_bytes;
  for (ArtifactDraft& draft : drafts) {
    if (draft.file.empty()) continue;
    draft.content = fetched(draft, lane, room);
    draft.file.clear();
    room -= draft.content.size();
  }
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

Task<> fetch_artifact_files(BlockingPool& pool, fs::path lane, ToolResult& result) {
  bool any = false;
  for (const ArtifactDraft& draft : result.artifacts)
    any = any || !draft.file.empty();
  if (!any) co_return;
  std::optional<Failure> failed;
  try {
    const auto fetch = [&drafts = result.artifacts, &lane] { fetch_all(drafts, lane); };
    auto fetching = pool.run(fetch);
    co_await std::move(fetching);
  } catch (const Failure& failure) {
    failed = failure;
  }
  if (!failed) co_return;
  std::erase_if(result.artifacts, [](const ArtifactDraft& draft) { return !draft.file.empty(); });
  if (!result.succeeded) co_return;  // Its own failure says more.
  result.succeeded = false;
  result.error = failed->message();
  result.hint = failed->hint();
}

}  // namespace opsroom::tools
