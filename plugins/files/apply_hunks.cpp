#include "apply_hunks.hpp"

#include "lines.hpp"

#include <algorithm>
#include <opsroom/text.hpp>
#include <optional>

namespace opsroom::files {
namespace {

struct Line {
  std::string text;
  bool patched = false;  ///< no other hunk may touch it
};

/// A hunk as what must be there and what shall be.
struct Images {
  std::vector<const std::string*> before;
  std::vector<const std::string*> after;
  std::size_t leading = 0;   ///< lines of context at the start
  std::size_t trailing = 0;  ///< and at the end
};

Images images_of(const Hunk& hunk) {
  Images images;
  bool changed = false;
  for (const HunkLine& line : hunk.lines) {
    if (line.kind != '+') images.before.push_back(&line.text);
    if (line.kind != '-') images.after.push_back(&line.text);
    if (line.kind != ' ') {
      changed = true;
      images.trailing = 0;
    } else {
      ++(changed ? images.trailing : images.leading);
    }
  }
  return images;
}

/// Without `fuzz` lines of context at each end, as far as there are so many.
Images narrowed(Images images, std::size_t fuzz) {
  const auto front = static_cast<std::ptrdiff_t>(std::min(fuzz, images.leading));
  const auto back = static_cast<std::ptrdiff_t>(std::min(fuzz, images.trailing));
  for (auto* side : {&images.before, &images.after}) {
    side->erase(side->begin(), side->begin() + front);
    side->erase(side->end() - back, side->end());
  }
  return images;
}

class File {
 public:
  explicit File(const std::string& text) {
    for (const auto line : lines_of(text))
      lines_.push_back({std::string(line)});
  }

  void apply(const Hunk& hunk, std::size_t fuzz, Applied& applied) {
    const Images whole = images_of(hunk);
    const std::size_t wanted = expected_place(hunk, whole);
    for (std::size_t less = 0; less <= fuzz; ++less) {
      const Images images = narrowed(whole, less);
      const std::size_t shift = std::min(less, whole.leading);
      // Without its outer context a hunk needs no longer stand at the ends of the file.
      const bool at_start = less == 0 && anchored_at_start(hunk, whole);
      const bool at_end = less == 0 && whole.trailing == 0 && has_context(whole);
      const auto place = find(images, wanted + shift, at_start, at_end);
      if (!place) continue;
      const auto moved =
          *place > wanted + shift ? *place - wanted - shift : wanted + shift - *place;
      applied.farthest = std::max(applied.farthest, moved);
      replace(*place, images);
      return;
    }
    applied.misfits.push_back(misfit(hunk, whole, wanted));
  }

  std::string text() const {
    std::string all;
    for (const Line& line : lines_)
      all += line.text;
    return all;
  }

 private:
  static bool has_context(const Images& images) { return images.leading + images.trailing > 0; }

  static bool anchored_at_start(const Hunk& hunk, const Images& images) {
    return hunk.old_start == 0 || (hunk.old_start == 1 && has_context(images));
  }

  /// The hunks before it are applied already, so its new line number is the one that counts.
  std::size_t expected_place(const Hunk& hunk, const Images& images) const {
    // With no old lines the number is that of the line before the place.
    std::size_t place = hunk.new_start > 0 ? hunk.new_start - 1 : 0;
    if (images.after.empty()) place = hunk.new_start;
    return std::min(place, lines_.size());
  }

  std::optional<std::size_t> find(
      const Images& images, std::size_t wanted, bool at_start, bool at_end
  ) const {
    if (images.before.size() > lines_.size()) return std::nullopt;
    const std::size_t last = lines_.size() - images.before.size();
    if (at_start)
      return fits(images, 0) && (!at_end || last == 0) ? std::optional(0) : std::nullopt;
    if (at_end) return fits(images, last) ? std::optional(last) : std::nullopt;
    // Without context nothing tells where else the lines could belong.
    if (!has_context(images) || images.before.empty())
      return fits(images, wanted) ? std::optional(wanted) : std::nullopt;
    for (std::size_t far = 0; far <= lines_.size(); ++far) {
      if (wanted + far <= last && fits(images, wanted + far)) return wanted + far;
      if (far > 0 && far <= wanted && wanted - far <= last && fits(images, wanted - far))
        return wanted - far;
    }
    return std::nullopt;
  }

  bool fits(const Images& images, std::size_t place) const {
    if (place + images.before.size() > lines_.size()) return false;
    for (std::size_t i = 0; i < images.before.size(); ++i) {
      const Line& line = lines_[place + i];
      if (line.patched || line.text != *images.before[i]) return false;
    }
    // A line without newline can only be the last one.
    const bool open_end = !images.after.empty() && !images.after.back()->ends_with('\n');
    return !open_end || place + images.before.size() == lines_.size();
  }

  void replace(std::size_t place, const Images& images) {
    const auto begin = lines_.begin() + static_cast<std::ptrdiff_t>(place);
    const auto end = begin + static_cast<std::ptrdiff_t>(images.before.size());
    std::vector<Line> made;
    for (const std::string* text : images.after)
      made.push_back({*text, true});
    lines_.insert(lines_.erase(begin, end), made.begin(), made.end());
  }

  Misfit misfit(const Hunk& hunk, const Images& images, std::size_t wanted) const {
    constexpr std::size_t most_shown = 12;
    Misfit made;
    made.hunk = hunk.number;
    made.patch_line = hunk.line;
    made.file_line = wanted + 1;
    for (std::size_t i = 0; i < std::min(images.before.size(), most_shown); ++i) {
      made.expected.push_back(printable_utf8(without_newline(*images.before[i])));
      if (wanted + i < lines_.size())
        made.found.push_back(printable_utf8(without_newline(lines_[wanted + i].text)));
    }
    made.reason = reason(images, wanted);
    return made;
  }

  std::string reason(const Images& images, std::size_t wanted) const {
    Images done = images;
    done.before = images.after;
    if (!done.before.empty() && find(done, wanted, false, false))
      return "its lines are there already: it seems to be applied";
    for (std::size_t i = 0; i < images.before.size(); ++i) {
      if (wanted + i >= lines_.size()) return "the file ends before it";
      if (lines_[wanted + i].text == *images.before[i]) continue;
      if (without_newline(lines_[wanted + i].text) == without_newline(*images.before[i]))
        return "line " + std::to_string(wanted + i + 1) +
               " differs only in whether it ends with a newline";
      return "line " + std::to_string(wanted + i + 1) +
             " is another one, and the hunk fits nowhere else";
    }
    return "it fits, but not at the start or the end of the file, where it belongs";
  }

  std::vector<Line> lines_;
};

}  // namespace

Applied apply_hunks(const std::string& text, const std::vector<Hunk>& hunks, std::size_t fuzz) {
  Applied applied;
  File file(text);
  for (const Hunk& hunk : hunks)
    file.apply(hunk, fuzz, applied);
  applied.text = file.text();
  return applied;
}

}  // namespace opsroom::files
