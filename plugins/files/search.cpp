#include "search.hpp"

#include "glob.hpp"
#include "lines.hpp"
#include "walk.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <opsroom/text.hpp>
#include <re2/re2.h>
#include <unistd.h>

namespace opsroom::files {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_line = 400;

/// RE2 takes time in proportion to the text, whatever the expression: nobody can hang us with one.
RE2::Options options_of(const SearchArgs& args) {
  RE2::Options options;
  options.set_literal(!args.regex);
  options.set_case_sensitive(!args.ignore_case);
  options.set_log_errors(false);
  return options;
}

/// The line as it is shown: cut around the match when it is very long.
std::string shown(std::string_view line, std::size_t match) {
  if (line.size() <= longest_line) return printable_utf8(line);
  const std::size_t start = match > longest_line / 2 ? match - longest_line / 2 : 0;
  std::string text = start > 0 ? "..." : "";
  text += printable_utf8(line.substr(start, longest_line));
  return start + longest_line < line.size() ? text + "..." : text;
}

/// Looks through one file after the other and collects what matches.
class Search {
 public:
  Search(const SearchArgs& args, const tool::Call& call)
      : args_(args), call_(call), expression_(args.pattern, options_of(args)) {
    if (!args.regex && args.pattern.find('\n') != std::string::npos)
      throw tool::BadArguments("/pattern", "must not hold a line break: each line is for itself");
    if (!expression_.ok())
      throw tool::BadArguments("/pattern", "is no regular expression: " + expression_.error());
  }

  Next file(const Fd& opened, const fs::path& path) {
    call_.checkpoint();
    if (out_of_time()) return stop();
    struct stat info{};
    std::string content;
    if (!opened || ::fstat(opened.get(), &info) != 0 || !S_ISREG(info.st_mode) ||
        info.st_size > args_.max_file_bytes || !read(opened, content) ||
        content.find('\0') != std::string::npos) {
      ++result_.files_skipped;
      return Next::on;
    }
    ++result_.files_searched;
    return lines(content, path);
  }

  void could_not_look_into(const Missed& missed) {
    result_.unreadable = missed.unreadable + missed.too_deep;
  }

  SearchResult take() { return std::move(result_); }

 private:
  /// What was found is better than nothing after the deadline.
  bool out_of_time() const {
    const auto left = call_.remaining();
    return left && *left < std::chrono::milliseconds(250);
  }

  Next stop() {
    result_.truncated = true;
    return Next::stop;
  }

  bool read(const Fd& opened, std::string& content) const {
    std::array<char, 1 << 16> chunk;
    while (content.size() <= static_cast<std::size_t>(args_.max_file_bytes)) {
      const ssize_t got = ::read(opened.get(), chunk.data(), chunk.size());
      if (got == 0) return true;
      if (got < 0 && errno != EINTR) return false;
      if (got > 0) content.append(chunk.data(), static_cast<std::size_t>(got));
    }
    return false;
  }

  Next lines(const std::string& content, const fs::path& path) {
    constexpr std::size_t breath = 10'000;
    const auto all = lines_of(content);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (i % breath == breath - 1) call_.checkpoint();
      const auto line = without_newline(all[i]);
      re2::StringPiece found;
      const re2::StringPiece text(line.data(), line.size());
      if (!expression_.Match(text, 0, text.size(), RE2::UNANCHORED, &found, 1)) continue;
      if (static_cast<std::int64_t>(result_.matches.size()) == args_.limit) return stop();
      add(all, i, static_cast<std::size_t>(found.data() - line.data()), path);
    }
    return Next::on;
  }

  void add(
      const std::vector<std::string_view>& all, std::size_t i, std::size_t at, const fs::path& path
  ) {
    const auto context = static_cast<std::size_t>(args_.context);
    SearchMatch match;
    match.path = printable_utf8(path.string());
    match.line = static_cast<std::int64_t>(i) + 1;
    match.column = static_cast<std::int64_t>(at) + 1;
    match.text = shown(without_newline(all[i]), at);
    for (std::size_t j = i - std::min(i, context); j < i; ++j)
      match.before.push_back(shown(without_newline(all[j]), 0));
    for (std::size_t j = i + 1; j < std::min(all.size(), i + 1 + context); ++j)
      match.after.push_back(shown(without_newline(all[j]), 0));
    result_.matches.push_back(std::move(match));
  }

  const SearchArgs& args_;
  const tool::Call& call_;
  RE2 expression_;
  SearchResult result_;
};

void search_tree(
    Search& search,
    const Fd& start,
    const fs::path& path,
    const SearchArgs& args,
    const tool::Call& call
) {
  std::optional<Glob> glob;
  if (args.glob) glob.emplace(*args.glob, "/glob");
  const Missed missed = walk(start, all_levels, call, [&](const Found& found) {
    if (!S_ISREG(found.info.st_mode) || (glob && !glob->matches(found.path))) return Next::on;
    constexpr int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const Fd file(::openat(found.directory.get(), found.name.c_str(), flags));
    return search.file(file, path / found.path);
  });
  search.could_not_look_into(missed);
}

std::string in_words(const SearchResult& result) {
  std::string text;
  for (const SearchMatch& match : result.matches) {
    auto number = match.line - static_cast<std::int64_t>(match.before.size());
    const auto line = [&](char mark, const std::string& content) {
      text += match.path + mark + std::to_string(number++) + mark + content + "\n";
    };
    for (const auto& each : match.before)
      line('-', each);
    line(':', match.text);
    for (const auto& each : match.after)
      line('-', each);
  }
  text += std::to_string(result.matches.size()) + " matching lines in " +
          std::to_string(result.files_searched) + " files";
  if (result.files_skipped > 0)
    text += "; " + std::to_string(result.files_skipped) +
            " files were left out (binary, larger than max_file_bytes or not readable)";
  if (result.unreadable > 0)
    text += "; " + std::to_string(result.unreadable) + " directories could not be looked into";
  if (result.truncated) text += "; there may be more: narrow it down, or raise limit";
  return text;
}

}  // namespace

tool::Outcome<SearchResult> search_files(const SearchArgs& args, tool::Call& call) {
  const auto path = checked_directory(args.path, "/path");
  const Lane lane(call);
  Search search(args, call);
  try {
    search_tree(search, lane.directory(path), path, args, call);
  } catch (const FileError& error) {
    if (error.error() != ENOTDIR) throw;
    search.file(lane.file(path), path);
  }
  SearchResult result = search.take();
  std::string text = in_words(result);
  return {std::move(result), std::move(text)};
}

}  // namespace opsroom::files
