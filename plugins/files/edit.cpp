#include "edit.hpp"

#include "change.hpp"
#include "line_diff.hpp"

#include <algorithm>

namespace opsroom::files {
namespace {

constexpr std::size_t most_bytes = std::size_t{16} << 20;
constexpr std::size_t most_diff = std::size_t{16} << 10;

/// Where the text begins in `content`; overlapping ones count too, since they are ambiguous.
std::vector<std::size_t> occurrences(const std::string& content, const Edit& edit) {
  std::vector<std::size_t> found;
  for (auto at = content.find(edit.old_text); at != std::string::npos;) {
    found.push_back(at);
    at = content.find(edit.old_text, at + (edit.all ? edit.old_text.size() : 1));
  }
  return found;
}

std::string line_numbers(const std::string& content, const std::vector<std::size_t>& places) {
  constexpr std::size_t most = 5;
  std::string list;
  for (std::size_t i = 0; i < std::min(places.size(), most); ++i) {
    const auto end = content.begin() + static_cast<std::ptrdiff_t>(places[i]);
    list += (i == 0 ? "" : ", ") + std::to_string(std::count(content.begin(), end, '\n') + 1);
  }
  return list + (places.size() > most ? " ..." : "");
}

/// Why a text may not be found although somebody has just read it.
std::string hint(const std::string& content, const std::string& wanted) {
  if (content.find("\r\n") != std::string::npos && wanted.find('\n') != std::string::npos &&
      wanted.find("\r\n") == std::string::npos)
    return "the file's lines end with \\r\\n, those of old with \\n";
  const auto first = wanted.find_first_not_of(" \t\r\n");
  const auto last = wanted.find_last_not_of(" \t\r\n");
  if (first != std::string::npos &&
      content.find(wanted.substr(first, last - first + 1)) != std::string::npos)
    return "it is there with other blanks or newlines around it";
  return "read the file again: it must match byte for byte";
}

[[noreturn]] void refuse(std::size_t index, const std::string& path, const std::string& reason) {
  throw std::runtime_error(
      "edit " + std::to_string(index + 1) + " does not fit " + path + ": " + reason +
      "; nothing was changed"
  );
}

std::size_t apply(
    std::string& content, const Edit& edit, std::size_t index, const std::string& path
) {
  const auto places = occurrences(content, edit);
  if (places.empty()) refuse(index, path, "old is not in it; " + hint(content, edit.old_text));
  if (places.size() > 1 && !edit.all)
    refuse(
        index,
        path,
        "old is in it " + std::to_string(places.size()) + " times (lines " +
            line_numbers(content, places) + "); give more of the text around it, or set all"
    );
  std::string made;
  std::size_t copied = 0;
  for (const std::size_t at : places) {
    made.append(content, copied, at - copied).append(edit.new_text);
    copied = at + edit.old_text.size();
  }
  content = made.append(content, copied, std::string::npos);
  return places.size();
}

std::string in_words(const EditResult& result) {
  if (!result.changed) return result.path + " stays as it was: old and new are the same";
  return std::to_string(result.replacements) +
         (result.replacements == 1 ? " replacement in " : " replacements in ") + result.path +
         "\n" + result.diff;
}

}  // namespace

tool::Outcome<EditResult> edit_file(const EditArgs& args, tool::Call& call) {
  const auto path = checked_path(args.path);
  const Lane lane(call);
  const Content before = lane.content(path, most_bytes, /*follow=*/false);
  std::string after = before.text;
  EditResult result;
  result.path = args.path;
  for (std::size_t i = 0; i < args.edits.size(); ++i) {
    call.checkpoint();
    result.replacements += static_cast<std::int64_t>(apply(after, args.edits[i], i, args.path));
    if (after.size() > most_bytes) refuse(i, args.path, "the file would grow beyond 16 MiB");
  }
  result.changed = after != before.text;
  result.bytes = static_cast<std::int64_t>(after.size());
  result.diff = unified_diff(args.path, before.text, after, most_diff);
  if (result.changed) {
    Change change(
        lane.place(path), before.info, std::move(after), before.info.st_mode & permissions
    );
    change.prepare();
    call.checkpoint();
    change.make();
  }
  std::string text = in_words(result);
  return {std::move(result), std::move(text)};
}

}  // namespace opsroom::files
