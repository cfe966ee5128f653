#include "json_reader.hpp"

#include "plain_prefix.hpp"

#include <nlohmann/json.hpp>

namespace opsroom::sdk {
namespace {

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

/// Bytes of the UTF-8 character that starts `text`; 0 when it is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned first = byte(0);
  const std::size_t length = first < 0xC2   ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  const unsigned second = byte(1);
  const unsigned lowest = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned highest = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (second < lowest || second > highest) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  return length;
}

}  // namespace

char JsonReader::peek() noexcept {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t'))
    ++at_;
  return good_ && at_ < text_.size() ? text_[at_] : '\0';
}

std::string_view JsonReader::value() {
  peek();
  const std::size_t begin = at_;
  skip_value(depth_);
  return good_ ? text_.substr(begin, at_ - begin) : std::string_view{};
}

/// Enters; whether there is something inside.
bool JsonReader::open(char, char closing) {
  ++at_;
  if (++depth_ > deepest) fail();
  if (peek() != closing) return true;
  ++at_;
  --depth_;
  return false;
}

/// Goes on after a member or an element; false when that was the last one.
bool JsonReader::next_of(char closing) {
  const char found = peek();
  ++at_;
  if (found == ',') return true;
  if (found != closing) fail();
  --depth_;
  return false;
}

std::string JsonReader::take_key() {
  if (peek() != '"') {
    fail();
    return {};
  }
  const std::size_t begin = at_;
  skip_string();
  if (!good_) return {};
  std::string key(text_.substr(begin + 1, at_ - begin - 2));
  if (key.find('\\') != std::string::npos)
    key = string_of(text_.substr(begin, at_ - begin)).value_or("");
  if (peek() != ':') fail();
  ++at_;
  return key;
}

void JsonReader::skip_value(int depth) {
  if (depth > deepest) return fail();
  switch (peek()) {
    case '{':
      return skip_members(depth + 1);
    case '[':
      return skip_elements(depth + 1);
    case '"':
      return skip_string();
    case 't':
      return skip_word("true");
    case 'f':
      return skip_word("false");
    case 'n':
      return skip_word("null");
    default:
      return skip_number();
  }
}

void JsonReader::skip_members(int depth) {
  ++at_;
  if (peek() == '}') {
    ++at_;
    return;
  }
  while (good_) {
    if (peek() != '"') return fail();
    skip_string();
    if (peek() != ':') return fail();
    ++at_;
    skip_value(depth);
    const char found = peek();
    ++at_;
    if (found == '}') return;
    if (found != ',') return fail();
  }
}

void JsonReader::skip_elements(int depth) {
  ++at_;
  if (peek() == ']') {
    ++at_;
    return;
  }
  while (good_) {
    skip_value(depth);
    const char found = peek();
    ++at_;
    if (found == ']') return;
    if (found != ',') return fail();
  }
}

void JsonReader::skip_string() {
  ++at_;
  while (good_) {
    at_ += tool::detail::plain_prefix(text_.substr(at_));
    if (at_ >= text_.size()) return fail();
    if (text_[at_] == '"') break;
    skip_character();
  }
  ++at_;
}

void JsonReader::skip_character() {
  const auto letter = static_cast<unsigned char>(text_[at_]);
  if (letter == '\\') return skip_escape();
  if (letter < 0x20) return fail();
  if (letter < 0x80) {
    ++at_;
    return;
  }
  const std::size_t length = utf8_length(text_.substr(at_));
  if (length == 0) return fail();
  at_ += length;
}

void JsonReader::skip_escape() {
  ++at_;
  if (at_ >= text_.size()) return fail();
  const char letter = text_[at_++];
  if (letter != 'u') {
    if (std::string_view("\"\\/bfnrt").find(letter) == std::string_view::npos) fail();
    return;
  }
  const unsigned unit = hex4();
  if (!good_ || unit < 0xD800 || unit > 0xDFFF) return;
  // Half a character: only the first half may stand here, and the second must follow.
  if (unit > 0xDBFF || text_.substr(at_, 2) != "\\u") return fail();
  at_ += 2;
  const unsigned low = hex4();
  if (low < 0xDC00 || low > 0xDFFF) fail();
}

unsigned JsonReader::hex4() {
  unsigned unit = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    const char letter = at_ < text_.size() ? text_[at_] : '\0';
    const char lower = static_cast<char>(letter | 0x20);
    if (is_digit(letter))
      unit = unit * 16 + static_cast<unsigned>(letter - '0');
    else if (lower >= 'a' && lower <= 'f')
      unit = unit * 16 + static_cast<unsigned>(lower - 'a' + 10);
    else
      fail();
  }
  return unit;
}

bool JsonReader::skip_digits() {
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_digit(text_[at_]))
    ++at_;
  return at_ > begin;
}

void JsonReader::skip_number() {
  const auto here = [this] { return at_ < text_.size() ? text_[at_] : '\0'; };
  if (here() == '-') ++at_;
  const bool zero = here() == '0';
  const std::size_t begin = at_;
  if (!skip_digits() || (zero && at_ - begin > 1)) return fail();
  if (here() == '.') {
    ++at_;
    if (!skip_digits()) return fail();
  }
  if (here() != 'e' && here() != 'E') return;
  ++at_;
  if (here() == '+' || here() == '-') ++at_;
  if (!skip_digits()) fail();
}

void JsonReader::skip_word(std::string_view word) {
  if (text_.substr(at_, word.size()) != word) return fail();
  at_ += word.size();
}

std::optional<std::string> string_of(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return std::nullopt;
  const auto inner = value.substr(1, value.size() - 2);
  if (inner.find('\\') == std::string_view::npos) return std::string(inner);
  const auto decoded = nlohmann::json::parse(value, nullptr, false);
  if (!decoded.is_string()) return std::nullopt;
  return decoded.get<std::string>();
}

std::string json_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace opsroom::sdk
