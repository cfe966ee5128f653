#include "quick_json.hpp"

#include "plain_prefix.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace opsroom::tool::detail {
namespace {

/// Reads what is usual, and gives up on everything else: that is the library's to read or to
/// refuse.
class QuickReader {
 public:
  explicit QuickReader(std::string_view text) : text_(text) {}

  std::optional<json> whole() {
    json made;
    if (!read(made, 0)) return std::nullopt;
    peek();
    if (at_ != text_.size()) return std::nullopt;
    return made;
  }

 private:
  static constexpr int deepest = 64;
  static constexpr std::size_t most_digits = 18;  ///< fit into 64 bits whatever they are

  /// The next character behind white space; NUL at the end.
  char peek() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }

  bool skip(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }

  bool read(json& into, int depth) {
    switch (peek()) {
      case '{':
        return depth < deepest && read_object(into, depth + 1);
      case '[':
        return depth < deepest && read_array(into, depth + 1);
      case '"': {
        auto text = take_string();
        if (text) into = *std::move(text);
        return text.has_value();
      }
      case 't':
        return read_word("true", into, true);
      case 'f':
        return read_word("false", into, false);
      case 'n':
        return read_word("null", into, nullptr);
      default:
        return read_whole_number(into);
    }
  }

  bool read_object(json& into, int depth) {
    ++at_;
    auto& members = (into = json::object()).get_ref<json::object_t&>();
    if (skip('}')) return true;
    do {
      if (peek() != '"') return false;
      auto key = take_string();
      if (!key || !skip(':') || !read(members[*std::move(key)], depth)) return false;
    } while (skip(','));
    return skip('}');
  }

  bool read_array(json& into, int depth) {
    ++at_;
    auto& elements = (into = json::array()).get_ref<json::array_t&>();
    if (skip(']')) return true;
    do {
      if (!read(elements.emplace_back(), depth)) return false;
    } while (skip(','));
    return skip(']');
  }

  std::optional<std::string> take_string() {
    ++at_;
    std::string text;
    while (true) {
      const std::size_t plain = plain_prefix(text_.substr(at_));
      text.append(text_.substr(at_, plain));
      at_ += plain;
      if (at_ >= text_.size()) return std::nullopt;
      const char letter = text_[at_++];
      if (letter == '"') return text;
      if (letter != '\\' || !unescape(text)) return std::nullopt;
    }
  }

  bool unescape(std::string& text) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meant = "\"\\/\b\f\n\r\t";
    const std::size_t which = at_ < text_.size() ? letters.find(text_[at_]) : letters.npos;
    if (which == letters.npos) return false;
    text += meant[which];
    ++at_;
    return true;
  }

  template <class Value>
  bool read_word(std::string_view word, json& into, Value value) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    into = value;
    return true;
  }

  bool read_whole_number(json& into) {
    const bool negative = text_.substr(at_).starts_with('-');
    if (negative) ++at_;
    const std::size_t first = at_;
    std::uint64_t number = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
      number = number * 10 + static_cast<unsigned>(text_[at_] - '0');
    const std::size_t digits = at_ - first;
    const bool padded = digits > 1 && text_[first] == '0';
    if (digits == 0 || digits > most_digits || padded) return false;
    if (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E'))
      return false;
    if (negative)
      into = -static_cast<std::int64_t>(number);
    else
      into = number;
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

void write_string(const std::string& value, std::string& text) {
  // What has anything to be escaped or checked, the library writes.
  if (plain_prefix(value) == value.size())
    text.append(1, '"').append(value).append(1, '"');
  else
    text += json(value).dump(-1, ' ', false, json::error_handler_t::replace);
}

template <class Number>
void write_number(Number value, std::string& text) {
  std::array<char, 24> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  text.append(digits.data(), end);
}

void write(const json& value, std::string& text) {
  const char* separator = "";
  switch (value.type()) {
    case json::value_t::object:
      text += '{';
      for (const auto& [key, member] : value.get_ref<const json::object_t&>()) {
        text += std::exchange(separator, ",");
        write_string(key, text);
        text += ':';
        write(member, text);
      }
      text += '}';
      return;
    case json::value_t::array:
      text += '[';
      for (const json& element : value.get_ref<const json::array_t&>()) {
        text += std::exchange(separator, ",");
        write(element, text);
      }
      text += ']';
      return;
    case json::value_t::string:
      return write_string(value.get_ref<const std::string&>(), text);
    case json::value_t::number_integer:
      return write_number(value.get<std::int64_t>(), text);
    case json::value_t::number_unsigned:
      return write_number(value.get<std::uint64_t>(), text);
    default:
      text += value.dump();
  }
}

}  // namespace

json parsed(std::string_view text) {
  if (auto made = QuickReader(text).whole()) return *std::move(made);
  return json::parse(text);
}

std::string dumped(const json& value) {
  std::string text;
  write(value, text);
  return text;
}

}  // namespace opsroom::tool::detail
