#pragma once

#include "schema/regex_program.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::schema {

using Ranges = std::vector<std::pair<char32_t, char32_t>>;

/// The code points of \d, \w, \s and their complements; none for any other letter.
std::optional<Ranges> class_escape(char32_t letter);

/// Reads the small pieces of a pattern: characters, escapes, classes, counts. What they are built
/// into is the compiler's business. Every error is a Failure that names the pattern and the place.
class RegexReader {
 public:
  static constexpr std::uint32_t unlimited = 0xFFFFFFFF;

  explicit RegexReader(std::string_view pattern);

  [[noreturn]] void fail(const std::string& why) const;
  [[noreturn]] void refuse(const std::string& what) const;

  bool more() const { return at_ < text_.size(); }
  char32_t peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : char32_t{0xFFFFFFFF};
  }
  char32_t next() { return text_[at_++]; }
  bool take(char32_t c);
  bool take(std::u32string_view word);
  std::size_t place() const { return at_; }
  void go_to(std::size_t place) { at_ = place; }

  /// The name in front of '>', and past it.
  std::u32string group_name();
  std::uint32_t number();
  /// {n}, {n,} or {n,m}; anything else after { is literal text.
  bool braces(std::uint32_t& low, std::uint32_t& high);
  /// After the backslash; stands on the letter.
  char32_t char_escape(bool in_class);
  /// After the '['.
  CharSet char_class();

  /// Capturing groups of the whole pattern, with their names (empty for most).
  std::vector<std::u32string> all_groups();

 private:
  char32_t hex(std::size_t count);
  char32_t unicode_escape();
  char32_t class_member(Ranges& whole);

  std::u32string text_;
  std::string shown_;
  std::size_t at_ = 0;
};

}  // namespace opsroom::schema
