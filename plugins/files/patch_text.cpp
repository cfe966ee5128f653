#include "patch_text.hpp"

#include "lines.hpp"
#include "patch_names.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>
#include <utility>

namespace opsroom::files {
namespace {

constexpr std::string_view no_file = "/dev/null";

/// What the lines before the hunks of one file have said.
struct Header {
  std::optional<std::pair<std::string, std::string>> git;
  std::string old_name;
  std::string new_name;
  std::optional<std::string> from;
  std::optional<std::string> to;
  FilePatch::Kind kind = FilePatch::Kind::modify;
  std::optional<bool> executable;
  bool extended = false;  ///< begins as git's do, and so may have no hunk
  std::size_t line = 0;
};

bool takes(std::string_view line, std::string_view prefix, std::string_view& rest) {
  if (!line.starts_with(prefix)) return false;
  rest = line.substr(prefix.size());
  return true;
}

bool begins_with(const std::string& name, std::string_view prefix) {
  return name == no_file || name.starts_with(prefix);
}

class Reader {
 public:
  Reader(std::string_view text, std::optional<int> strip) : lines_(lines_of(text)), strip_(strip) {}

  std::vector<FilePatch> read() {
    std::vector<FilePatch> files;
    while (at_ < lines_.size()) {
      std::string_view rest;
      if (takes(line(), "diff --git ", rest))
        files.push_back(git_file(rest));
      else if (line().starts_with("--- ") && next_is("+++ "))
        files.push_back(plain_file());
      else if (line().starts_with("@@ -"))
        bad_patch(number(), "a hunk without the --- and +++ lines of its file");
      else
        ++at_;
    }
    if (files.empty()) bad_patch(1, "there is no diff in it; expected --- and +++ lines and hunks");
    return files;
  }

 private:
  std::string_view line() const { return without_newline(lines_[at_]); }
  std::size_t number() const { return at_ + 1; }
  bool next_is(std::string_view prefix) const {
    return at_ + 1 < lines_.size() && lines_[at_ + 1].starts_with(prefix);
  }

  FilePatch git_file(std::string_view names) {
    Header header;
    header.line = number();
    header.extended = true;
    header.git = git_names(names);
    for (++at_; at_ < lines_.size() && git_line(header); ++at_) {
    }
    if (at_ < lines_.size() && line().starts_with("--- ") && next_is("+++ ")) names_of(header);
    return finish(header);
  }

  FilePatch plain_file() {
    Header header;
    header.line = number();
    names_of(header);
    return finish(header);
  }

  void names_of(Header& header) {
    header.old_name = patch_name(line().substr(4), number());
    ++at_;
    header.new_name = patch_name(line().substr(4), number());
    ++at_;
  }

  /// Whether the line is one of git's extended headers.
  bool git_line(Header& header) {
    using Kind = FilePatch::Kind;
    std::string_view rest;
    const auto text = line();
    if (takes(text, "new file mode ", rest)) {
      header.kind = Kind::create;
      set_mode(header, rest);
    } else if (text.starts_with("deleted file mode ")) {
      header.kind = Kind::remove;
    } else if (takes(text, "new mode ", rest)) {
      set_mode(header, rest);
    } else if (takes(text, "rename from ", rest) || takes(text, "copy from ", rest)) {
      header.kind = text.front() == 'r' ? Kind::rename : Kind::copy;
      header.from = patch_name(rest, number());
    } else if (takes(text, "rename to ", rest) || takes(text, "copy to ", rest)) {
      header.to = patch_name(rest, number());
    } else if (text.starts_with("GIT binary patch") || text.starts_with("Binary files ")) {
      bad_patch(number(), "a change of a binary file can't be applied; copy that file instead");
    } else {
      return text.starts_with("old mode ") || text.starts_with("index ") ||
             text.starts_with("similarity index ") || text.starts_with("dissimilarity index ");
    }
    return true;
  }

  void set_mode(Header& header, std::string_view mode) const {
    if (mode.starts_with("120"))
      bad_patch(number(), "symbolic links are not made by a patch; make it with exec.run");
    if (!mode.starts_with("100"))
      bad_patch(number(), "files of mode " + std::string(mode) + " are not made by a patch");
    header.executable = mode.ends_with("755");
  }

  FilePatch finish(Header& header) {
    FilePatch file;
    file.line = header.line;
    file.kind = header.kind;
    file.executable = header.executable;
    name(file, header);
    while (at_ < lines_.size() && line().starts_with("@@ -"))
      file.hunks.push_back(hunk(file.hunks.size() + 1));
    if (file.hunks.empty() && !header.extended)
      bad_patch(number(), "expected a hunk: @@ -1,2 +1,2 @@");
    return file;
  }

  void name(FilePatch& file, Header& header) {
    using Kind = FilePatch::Kind;
    if (header.old_name.empty() && header.git)
      std::tie(header.old_name, header.new_name) = *header.git;
    if (header.from && header.to) {
      const int less = strip_ ? std::max(*strip_ - 1, 0) : 0;
      file.old_path = stripped(*header.from, less, header.line);
      file.new_path = stripped(*header.to, less, header.line);
      return;
    }
    if (header.old_name.empty()) bad_patch(header.line, "can't tell which file this changes");
    if (header.old_name == no_file) file.kind = Kind::create;
    if (header.new_name == no_file) file.kind = Kind::remove;
    const std::string& wanted = file.kind == Kind::remove ? header.old_name : header.new_name;
    const bool prefixed = begins_with(header.old_name, "a/") && begins_with(header.new_name, "b/");
    file.new_path = stripped(wanted, strip_.value_or(prefixed ? 1 : 0), header.line);
    file.old_path = file.new_path;
  }

  Hunk hunk(std::size_t count) {
    Hunk hunk;
    hunk.number = count;
    hunk.line = number();
    read_ranges(hunk);
    ++at_;
    std::size_t old_left = hunk.old_count;
    std::size_t new_left = hunk.new_count;
    for (; old_left > 0 || new_left > 0; ++at_) {
      if (at_ == lines_.size()) too_short(hunk, old_left, new_left);
      const char kind = kind_of_line(hunk, old_left, new_left);
      if (kind == '\\') {
        drop_newline(hunk);
        continue;
      }
      add_line(hunk, kind);
      if (kind != '+') --old_left;
      if (kind != '-') --new_left;
    }
    if (at_ < lines_.size() && lines_[at_].starts_with("\\")) {
      drop_newline(hunk);
      ++at_;
    }
    return hunk;
  }

  char kind_of_line(const Hunk& hunk, std::size_t old_left, std::size_t new_left) const {
    const auto text = lines_[at_];
    // Some editors and mailers cut the blank of an empty context line.
    const char kind = text == "\n" || text == "\r\n" ? ' ' : text.front();
    const bool fits = kind == '\\' || (kind == ' ' && old_left > 0 && new_left > 0) ||
                      (kind == '-' && old_left > 0) || (kind == '+' && new_left > 0);
    if (!fits) too_short(hunk, old_left, new_left);
    return kind;
  }

  void add_line(Hunk& hunk, char kind) const {
    auto text = lines_[at_];
    if (text.front() == kind) text.remove_prefix(1);
    hunk.lines.push_back({kind, std::string(text)});
    // Only the marker says that a newline is missing; the end of the patch itself may lack one.
    if (text.empty() || text.back() != '\n') hunk.lines.back().text += '\n';
  }

  static void drop_newline(Hunk& hunk) {
    if (!hunk.lines.empty()) hunk.lines.back().text.pop_back();
  }

  [[noreturn]] void too_short(const Hunk& hunk, std::size_t old_left, std::size_t new_left) const {
    bad_patch(
        number(),
        "hunk " + std::to_string(hunk.number) + " (line " + std::to_string(hunk.line) + ") says " +
            std::to_string(hunk.old_count) + " old and " + std::to_string(hunk.new_count) +
            " new lines, but has " + std::to_string(hunk.old_count - old_left) + " and " +
            std::to_string(hunk.new_count - new_left) + " here; correct the counts in its @@ line"
    );
  }

  void read_ranges(Hunk& hunk) const {
    std::string_view text = line();
    text.remove_prefix(4);
    const bool good = range(text, hunk.old_start, hunk.old_count) && text.starts_with(" +") &&
                      (text.remove_prefix(2), range(text, hunk.new_start, hunk.new_count)) &&
                      text.starts_with(" @@");
    if (!good) bad_patch(number(), "expected @@ -START,COUNT +START,COUNT @@");
  }

  /// START or START,COUNT from the front of the text.
  static bool range(std::string_view& text, std::size_t& start, std::size_t& count) {
    count = 1;
    if (!take_number(text, start)) return false;
    if (!text.starts_with(",")) return true;
    text.remove_prefix(1);
    return take_number(text, count);
  }

  static bool take_number(std::string_view& text, std::size_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return true;
  }

  std::vector<std::string_view> lines_;
  std::optional<int> strip_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<FilePatch> read_patch(std::string_view text, std::optional<int> strip) {
  return Reader(text, strip).read();
}

}  // namespace opsroom::files
