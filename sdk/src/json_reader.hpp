#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace opsroom::sdk {

/// Reads JSON in one pass without building anything: values come out as the slices they are, so
/// that what is only passed on is never copied. As strict as RFC 8259, in UTF-8; after an error
/// good() is false for ever and everything comes out empty.
class JsonReader {
 public:
  /// Deeper values than these are an error.
  static constexpr int deepest = 256;

  /// `text` outlives the reader and what it hands out.
  explicit JsonReader(std::string_view text) noexcept : text_(text) {}

  bool good() const noexcept { return good_; }
  /// Whether the text ended well: no error, and nothing but white space is left.
  bool ended() noexcept { return good_ && peek() == '\0' && at_ == text_.size(); }

  /// The first character of what comes next, 0 at the end.
  char peek() noexcept;

  /// What has not been taken yet.
  std::string_view rest() const noexcept { return text_.substr(std::min(at_, text_.size())); }

  /// Takes the next value and returns its text.
  std::string_view value();

  /// Takes an object: `member(key)` is called for each member and takes its value from this reader.
  /// False when what comes next is no object, which is then left where it is.
  template <class Member>
  bool object(Member&& member) {
    if (peek() != '{') return false;
    bool more = open('{', '}');
    while (more && good_) {
      const std::string key = take_key();
      if (good_) member(std::string_view(key));
      more = good_ && next_of('}');
    }
    return true;
  }

  /// The same for an array; `element()` takes one element.
  template <class Element>
  bool array(Element&& element) {
    if (peek() != '[') return false;
    bool more = open('[', ']');
    while (more && good_) {
      element();
      more = good_ && next_of(']');
    }
    return true;
  }

 private:
  void fail() noexcept { good_ = false; }
  bool open(char opening, char closing);
  bool next_of(char closing);
  std::string take_key();
  void skip_value(int depth);
  void skip_members(int depth);
  void skip_elements(int depth);
  void skip_string();
  void skip_escape();
  void skip_character();
  unsigned hex4();
  void skip_number();
  bool skip_digits();
  void skip_word(std::string_view word);

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool good_ = true;
};

/// The text of a JSON string value without its quotes and escapes; none when `value` is none.
std::optional<std::string> string_of(std::string_view value);

/// `text` as a JSON string, in quotes; bytes that are no UTF-8 become U+FFFD.
std::string json_string(std::string_view text);

}  // namespace opsroom::sdk
