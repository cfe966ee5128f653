#include "web/diff_json.hpp"

#include "base/text.hpp"

#include <charconv>
#include <optional>

namespace opsroom::web {
namespace {

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || value < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

char unescaped(char c) {
  switch (c) {
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 't':
      return '\t';
    case 'n':
      return '\n';
    case 'v':
      return '\v';
    case 'f':
      return '\f';
    case 'r':
      return '\r';
    default:
      return c;
  }
}

bool octal(char c) {
  return c >= '0' && c <= '7';
}

/// Git quotes paths like C strings: "caf\303\251 \"x\"". Takes the quoted word off `text`.
std::string take_quoted(std::string_view& text) {
  std::string out;
  std::size_t i = 1;
  for (; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] != '\\' || i + 1 >= text.size()) {
      out += text[i];
    } else if (i + 3 < text.size() && octal(text[i + 1]) && octal(text[i + 2]) &&
               octal(text[i + 3])) {
      out += static_cast<char>(
          (text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')
      );
      i += 3;
    } else {
      out += unescaped(text[++i]);
    }
  }
  text.remove_prefix(std::min(i + 1, text.size()));
  return out;
}

/// A path as it stands alone on a header line; git ends one with a tab when it has spaces.
std::string path_of(std::string_view text) {
  if (text.starts_with('"')) return take_quoted(text);
  return std::string(text.substr(0, text.find('\t')));
}

/// "a/x" → "x"; "/dev/null" → "".
std::string without_side(std::string path) {
  if (path == "/dev/null") return "";
  return path.size() > 2 && path[1] == '/' ? path.substr(2) : path;
}

/// The path of a "diff --git" line, good enough where no other header names it: then both sides
/// have the same name, so the line is symmetric.
std::string path_of_git_line(std::string_view rest) {
  if (rest.starts_with('"')) return without_side(take_quoted(rest));
  const std::size_t half = rest.size() / 2;
  return without_side(std::string(rest.substr(0, half)));
}

/// Where the hunk at hand stands and what of it is still to come, as its header said.
struct Position {
  std::int64_t old_line = 0;
  std::int64_t new_line = 0;
  std::int64_t old_left = 0;
  std::int64_t new_left = 0;
  bool within() const { return old_left > 0 || new_left > 0; }
};

bool take_range(std::string_view& text, std::int64_t& start, std::int64_t& count) {
  const auto first = take_number(text);
  if (!first) return false;
  start = *first;
  count = 1;
  if (!take(text, ",")) return true;
  const auto given = take_number(text);
  if (!given) return false;
  count = *given;
  return true;
}

std::optional<Position> parse_hunk(std::string_view line) {
  Position at;
  const bool good = take(line, "@@ -") && take_range(line, at.old_line, at.old_left) &&
                    take(line, " +") && take_range(line, at.new_line, at.new_left) &&
                    take(line, " @@");
  return good ? std::optional<Position>(at) : std::nullopt;
}

/// Reads a patch line by line. Inside a hunk the counts of its header decide what a line is, so
/// that a removed line "-- a/x" is not taken for a header.
class PatchReader {
 public:
  explicit PatchReader(DiffLimits limits) : limits_(limits) {}

  void read(std::string_view patch) {
    while (!patch.empty()) {
      const auto end = std::min(patch.find('\n'), patch.size());
      line(patch.substr(0, end));
      patch.remove_prefix(std::min(end + 1, patch.size()));
    }
  }

  Json result() { return {{"truncated", truncated_}, {"files", std::move(files_)}}; }

 private:
  void line(std::string_view text) {
    if (at_.within() && content(text)) return;
    if (text.starts_with("\\ ")) return no_newline();
    if (std::string_view rest = text; take(rest, "diff --git ")) return begin_file(rest);
    if (file_ == nullptr) return;
    if (const auto hunk = parse_hunk(text)) return begin_hunk(text, *hunk);
    header(text);
  }

  void begin_file(std::string_view rest) {
    at_ = Position{};
    file_ = nullptr;
    if (files_.size() >= limits_.files) {
      truncated_ = true;
      return;
    }
    files_.push_back({
        {"path", printable_utf8(path_of_git_line(rest))},
        {"old_path", Json()},
        {"status", "modified"},
        {"added", 0},
        {"deleted", 0},
        {"binary", false},
        {"old_mode", Json()},
        {"new_mode", Json()},
        {"hunks", Json::array()},
    });
    file_ = &files_.back();
  }

  void begin_hunk(std::string_view text, Position position) {
    at_ = position;
    (*file_)["hunks"].push_back({{"header", shown(text)}, {"lines", Json::array()}});
  }

  bool content(std::string_view text) {
    if (file_ == nullptr) return false;
    const char kind = text.empty() ? ' ' : text.front();  // some mailers strip the lone blank
    if (kind != '+' && kind != '-' && kind != ' ') return false;
    const std::string_view rest = text.empty() ? text : text.substr(1);
    add_line(kind, rest);
    return true;
  }

  void add_line(char kind, std::string_view text) {
    const bool is_old = kind != '+';
    const bool is_new = kind != '-';
    if (kind == '+') count("added");
    if (kind == '-') count("deleted");
    if (lines_++ < limits_.lines) {
      (*file_)["hunks"].back()["lines"].push_back({
          {"kind", std::string(1, kind)},
          {"old", is_old ? Json(at_.old_line) : Json()},
          {"new", is_new ? Json(at_.new_line) : Json()},
          {"text", shown(text)},
      });
    } else {
      truncated_ = true;
    }
    if (is_old) ++at_.old_line, --at_.old_left;
    if (is_new) ++at_.new_line, --at_.new_left;
  }

  void no_newline() {
    if (file_ == nullptr || lines_ > limits_.lines) return;
    auto& hunks = (*file_)["hunks"];
    if (hunks.empty() || hunks.back()["lines"].empty()) return;
    hunks.back()["lines"].back()["no_newline"] = true;
  }

  void header(std::string_view text) {
    if (take(text, "new file mode ")) {
      set("status", "added");
      set("new_mode", text);
    } else if (take(text, "deleted file mode ")) {
      set("status", "deleted");
      set("old_mode", text);
    } else if (take(text, "old mode ")) {
      set("old_mode", text);
    } else if (take(text, "new mode ")) {
      set("new_mode", text);
    } else if (take(text, "rename from ") || take(text, "copy from ")) {
      set("old_path", path_of(text));
    } else if (take(text, "rename to ")) {
      set("path", path_of(text));
      set("status", "renamed");
    } else if (take(text, "copy to ")) {
      set("path", path_of(text));
      set("status", "copied");
    } else if (take(text, "--- ") || take(text, "+++ ")) {
      if (auto path = without_side(path_of(text)); !path.empty()) side(std::move(path));
    } else if (text.starts_with("Binary files ") || text == "GIT binary patch") {
      (*file_)["binary"] = true;
    }
  }

  /// Of "---" and "+++" the later one that names a file wins: the new name, or the deleted one's.
  void side(std::string path) {
    if ((*file_)["hunks"].empty()) set("path", path);
  }

  void set(const char* key, std::string_view value) { (*file_)[key] = printable_utf8(value); }
  void count(const char* key) { (*file_)[key] = (*file_)[key].get<int>() + 1; }

  std::string shown(std::string_view text) {
    if (text.size() <= limits_.line_bytes) return printable_utf8(text);
    truncated_ = true;
    return printable_utf8(text.substr(0, limits_.line_bytes));
  }

  DiffLimits limits_;
  Json files_ = Json::array();
  Json* file_ = nullptr;  ///< the last of files_, or none
  Position at_;
  std::size_t lines_ = 0;
  bool truncated_ = false;
};

}  // namespace

Json diff_files(std::string_view patch, DiffLimits limits) {
  PatchReader reader(limits);
  reader.read(patch);
  return reader.result();
}

}  // namespace opsroom::web
