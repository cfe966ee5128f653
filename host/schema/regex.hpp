#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::schema {

/// An ECMAScript regular expression (Unicode mode) over UTF-8, for patterns written by strangers.
/// std::regex recurses once per character and backtracks without limit; here the stack lives on the
/// heap and every search has a budget. Patterns are at most 8 KiB and compile to at most 20 000
/// instructions. Not known: `\p{}` and inline flags; they are refused by name, never ignored.
class Regex {
 public:
  /// Failure{invalid} says what is wrong and where; Failure{unsupported} names what is not known.
  explicit Regex(std::string_view pattern);

  struct Result {
    bool found = false;
    /// Text of group 0 (the whole match), 1, 2, ...; empty for a group that took no part.
    std::vector<std::string> groups;
  };

  /// Searches anywhere in `text`. Takes the steps it used from `budget`; Failure{exhausted} when
  /// they run out.
  Result search(std::string_view text, std::size_t& budget) const;
  bool matches(std::string_view text, std::size_t& budget) const;

  /// Instructions it has compiled to, and the most there can be.
  std::size_t size() const;
  static constexpr std::size_t max_size = 20'000;

  struct Program;

 private:
  std::shared_ptr<const Program> program_;
};

/// Decodes UTF-8; a malformed byte becomes U+FFFD.
std::u32string decode_utf8(std::string_view text);
std::string encode_utf8(std::u32string_view text);

}  // namespace opsroom::schema
