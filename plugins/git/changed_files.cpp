#include "changed_files.hpp"

#include <opsroom/text.hpp>

namespace opsroom::git {
namespace {

/// ":100644 100644 abc def M", then one path, or two for R and C.
void read_raw(const std::vector<std::string>& parts, std::size_t& at, DiffResult& result) {
  DiffFile file;
  const std::string& raw = parts[at];
  const char letter = raw[raw.rfind(' ') + 1];
  file.change = change_word(letter);
  if ((letter == 'R' || letter == 'C') && at + 2 < parts.size())
    file.old_path = printable_utf8(parts[++at]);
  if (at + 1 < parts.size()) file.path = printable_utf8(parts[++at]);
  result.files.push_back(std::move(file));
}

/// "3<tab>1<tab>path"; a rename has no path here, but both as parts of their own.
void read_numbers(const std::vector<std::string>& parts, std::size_t& at, DiffFile& file) {
  const std::string& line = parts[at];
  const auto first = line.find('\t');
  const auto second = line.find('\t', first + 1);
  if (second == std::string::npos) return;
  if (second + 1 == line.size()) at += 2;
  file.binary = line.starts_with("-");
  if (file.binary) return;
  file.insertions = std::stoll(line.substr(0, first));
  file.deletions = std::stoll(line.substr(first + 1, second - first - 1));
}

}  // namespace

std::string change_word(char letter) {
  switch (letter) {
    case 'A':
      return "added";
    case 'M':
      return "modified";
    case 'D':
      return "deleted";
    case 'R':
      return "renamed";
    case 'C':
      return "copied";
    case 'T':
      return "type_changed";
    case 'U':
      return "unmerged";
    default:
      return "unchanged";
  }
}

Words safe_diff(Words more) {
  Words words{"diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

DiffResult changed_files(const Repository& repository, const Words& sides, const Words& paths) {
  Words words = safe_diff({"--raw", "--numstat", "-z", "-M"});
  words.insert(words.end(), sides.begin(), sides.end());
  const auto parts = parts_of(repository.must(with_paths(words, paths)).out);
  DiffResult result;
  std::size_t counted = 0;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].starts_with(":"))
      read_raw(parts, i, result);
    else if (counted < result.files.size())
      read_numbers(parts, i, result.files[counted++]);
  }
  for (const DiffFile& file : result.files) {
    result.insertions += file.insertions;
    result.deletions += file.deletions;
  }
  return result;
}

}  // namespace opsroom::git
