#pragma once
#include <cstdint>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::files {

struct SearchArgs {
  std::string pattern;
  bool regex = false;
  bool ignore_case = false;
  std::string path;
  std::optional<std::string> glob;
  std::int64_t context = 0;
  std::int64_t limit = 200;
  std::int64_t max_file_bytes = std::int64_t{4} << 20;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("pattern", &SearchArgs::pattern, "What to look for, within a line").not_empty(),
        option("regex", &SearchArgs::regex, "The pattern is a regular expression (RE2's syntax)"),
        option("ignore_case", &SearchArgs::ignore_case, "Takes a and A for the same"),
        option("path", &SearchArgs::path, "A directory or a file; left out: the whole checkout"),
        field("glob", &SearchArgs::glob, "Only files like this, seen from path: *.cpp, src/**/*.h"),
        option("context", &SearchArgs::context, "Lines to show before and after each match")
            .at_least(0)
            .at_most(20),
        field("limit", &SearchArgs::limit, "Stops after so many matching lines")
            .at_least(1)
            .at_most(5000),
        field("max_file_bytes", &SearchArgs::max_file_bytes, "Leaves larger files out")
            .at_least(1)
            .at_most(64 << 20)
    );
  }
};

struct SearchMatch {
  std::string path;
  std::int64_t line = 0;
  std::int64_t column = 0;
  std::string text;
  std::vector<std::string> before;
  std::vector<std::string> after;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &SearchMatch::path, "From the working directory"),
        field("line", &SearchMatch::line, "Counted from 1"),
        field("column", &SearchMatch::column, "First byte of the line's first match, from 1"),
        field("text", &SearchMatch::text, "The line; a very long one is cut around the match"),
        field("before", &SearchMatch::before, "The lines before it, as many as asked for"),
        field("after", &SearchMatch::after, "The lines after it")
    );
  }
};

struct SearchResult {
  std::vector<SearchMatch> matches;
  std::int64_t files_searched = 0;
  std::int64_t files_skipped = 0;
  std::int64_t unreadable = 0;
  bool truncated = false;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("matches", &SearchResult::matches, "In the order of paths and lines"),
        field("files_searched", &SearchResult::files_searched, "Text files that were read"),
        field("files_skipped", &SearchResult::files_skipped, "Binary, too large or not readable"),
        field("unreadable", &SearchResult::unreadable, "Directories it could not look into"),
        field("truncated", &SearchResult::truncated, "Whether the limit or the deadline ended it")
    );
  }
};

/// Looks for a text or a regular expression in the files of the checkout.
tool::Outcome<SearchResult> search_files(const SearchArgs& args, tool::Call& call);

}  // namespace opsroom::files
