#include "read.hpp"

#include "lane.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <opsroom/text.hpp>
#include <unistd.h>

namespace opsroom::files {
namespace {

constexpr std::int64_t last_line = std::numeric_limits<std::int64_t>::max();

/// Collects the wanted lines from the chunks of a file.
class LineRange {
 public:
  LineRange(const ReadArgs& args)
      : first_(args.first_line),
        end_(
            last_line - args.lines.value_or(last_line) > args.first_line
                ? args.first_line + *args.lines
                : last_line
        ),
        offset_(args.offset),
        by_offset_(args.offset > 0),
        most_(static_cast<std::size_t>(args.max_bytes)) {}

  /// False once nothing more is wanted.
  bool feed(std::string_view chunk) {
    while (!chunk.empty()) {
      if (line_ >= end_) {
        more_ = true;
        return false;
      }
      const auto newline = chunk.find('\n');
      const auto size = newline == std::string_view::npos ? chunk.size() : newline + 1;
      if (line_ < first_) offset_ += static_cast<std::int64_t>(size);
      if (line_ >= first_ && !take(chunk.substr(0, size))) return false;
      if (newline != std::string_view::npos) ++line_;
      chunk.remove_prefix(size);
    }
    return true;
  }

  void fill(ReadResult& result) {
    if (cut_) cut_to_whole();
    result.content = std::move(content_);
    result.bytes = static_cast<std::int64_t>(result.content.size());
    result.lines = std::count(result.content.begin(), result.content.end(), '\n') +
                   (!result.content.empty() && result.content.back() != '\n' ? 1 : 0);
    result.truncated = cut_;
    if (!cut_ && !more_) return;
    // A line that is longer than that goes on in its middle.
    const bool whole_lines = !result.content.empty() && result.content.back() == '\n';
    if (whole_lines && !by_offset_)
      result.next_line = first_ + *result.lines;
    else
      result.next_offset = offset_ + result.bytes;
  }

 private:
  bool take(std::string_view part) {
    const std::size_t room = most_ - content_.size();
    content_ += part.substr(0, room);
    cut_ = part.size() > room;
    return !cut_;
  }

  /// Ends with a whole line where there is one, else with a whole character.
  void cut_to_whole() {
    const auto newline = content_.rfind('\n');
    content_.resize(newline != std::string::npos ? newline + 1 : whole_characters(content_));
    if (content_.empty())
      throw tool::BadArguments("/max_bytes", "is less than the next character has");
  }

  std::int64_t first_;
  std::int64_t end_;
  std::int64_t offset_;  ///< of the first byte that is taken
  bool by_offset_;
  std::size_t most_;
  std::int64_t line_ = 1;
  std::string content_;
  bool cut_ = false;
  bool more_ = false;
};

/// Hands in chunk after chunk from `offset` on, until there are no more or `take` says no.
template <class Take>
void for_chunks(
    const Fd& file, std::int64_t offset, const ReadArgs& args, const tool::Call& call, Take take
) {
  std::array<char, 1 << 16> chunk;
  while (true) {
    call.checkpoint();
    const ssize_t got = ::pread(file.get(), chunk.data(), chunk.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw FileError("read", args.path, errno);
    if (got == 0 || !take({chunk.data(), static_cast<std::size_t>(got)})) return;
    offset += got;
  }
}

std::string read_lines(const Fd& file, const ReadArgs& args, tool::Call& call, ReadResult& result) {
  LineRange range(args);
  for_chunks(file, args.offset, args, call, [&](std::string_view chunk) {
    return range.feed(chunk);
  });
  range.fill(result);
  if (printable_utf8(result.content) != result.content)
    throw std::runtime_error(
        args.path +
        " is no UTF-8 text; read it with encoding: base64, or with a program that "
        "knows its format"
    );
  if (!result.truncated) return result.content;
  return result.content + "\n... cut after " + std::to_string(result.bytes) +
         " bytes; go on with " +
         (result.next_line ? "first_line: " + std::to_string(*result.next_line)
                           : "offset: " + std::to_string(*result.next_offset));
}

std::string read_bytes(const Fd& file, const ReadArgs& args, tool::Call& call, ReadResult& result) {
  const auto most = static_cast<std::size_t>(args.max_bytes);
  std::string bytes;
  for_chunks(file, args.offset, args, call, [&](std::string_view chunk) {
    const std::size_t room = most - bytes.size();
    bytes += chunk.substr(0, room);
    result.truncated = chunk.size() > room;
    return !result.truncated;
  });
  result.bytes = static_cast<std::int64_t>(bytes.size());
  if (result.truncated) result.next_offset = args.offset + result.bytes;
  result.content = base64(bytes);
  return std::to_string(result.bytes) + " bytes of " + args.path + " in base64" +
         (result.truncated ? "; go on with offset: " + std::to_string(*result.next_offset) : "");
}

/// What would be left out of account is refused instead.
void check(const ReadArgs& args) {
  const bool text = args.encoding == "text";
  if (!text && args.first_line != 1)
    throw tool::BadArguments("/first_line", "is for text; with base64 it is offset");
  if (!text && args.lines)
    throw tool::BadArguments("/lines", "is for text; with base64 it is max_bytes");
  if (args.offset > 0 && args.first_line != 1)
    throw tool::BadArguments("/offset", "is instead of first_line, not beside it");
}

}  // namespace

tool::Outcome<ReadResult> read_file(const ReadArgs& args, tool::Call& call) {
  const auto path = checked_path(args.path);
  const Lane lane(call);
  const Fd file = lane.file(path);
  struct stat info{};
  if (::fstat(file.get(), &info) != 0) throw FileError("read", path, errno);
  check(args);
  ReadResult result;
  result.path = args.path;
  result.encoding = args.encoding;
  result.size = info.st_size;
  std::string text = args.encoding == "text" ? read_lines(file, args, call, result)
                                             : read_bytes(file, args, call, result);
  return {std::move(result), std::move(text)};
}

}  // namespace opsroom::files
