#include "schema/regex_reader.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::schema {
namespace {

constexpr std::size_t max_pattern = 8192;

const Ranges digits = {{'0', '9'}};
const Ranges words = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const Ranges spaces = {
    {0x09, 0x0D},
    {' ', ' '},
    {0xA0, 0xA0},
    {0x1680, 0x1680},
    {0x2000, 0x200A},
    {0x2028, 0x2029},
    {0x202F, 0x202F},
    {0x205F, 0x205F},
    {0x3000, 0x3000},
    {0xFEFF, 0xFEFF}
};

Ranges complement(Ranges ranges) {
  std::sort(ranges.begin(), ranges.end());
  Ranges out;
  char32_t next = 0;
  for (const auto& [low, high] : ranges) {
    if (low > next) out.emplace_back(next, low - 1);
    next = std::max<char32_t>(next, high + 1);
  }
  if (next <= 0x10FFFF) out.emplace_back(next, 0x10FFFF);
  return out;
}

bool is_letter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char32_t c) {
  return c >= '0' && c <= '9';
}

}  // namespace

std::optional<Ranges> class_escape(char32_t c) {
  switch (c) {
    case 'd':
      return digits;
    case 'D':
      return complement(digits);
    case 'w':
      return words;
    case 'W':
      return complement(words);
    case 's':
      return spaces;
    case 'S':
      return complement(spaces);
    default:
      return std::nullopt;
  }
}

RegexReader::RegexReader(std::string_view pattern) : text_(decode_utf8(pattern)) {
  constexpr std::size_t longest_shown = 200;
  const std::u32string_view whole(text_);
  shown_ = encode_utf8(whole.substr(0, longest_shown));
  if (whole.size() > longest_shown) shown_ += "...";
  if (pattern.size() > max_pattern) {
    throw Failure(Code::invalid, fmt::format("pattern longer than {} bytes", max_pattern));
  }
}

void RegexReader::fail(const std::string& why) const {
  throw Failure(
      Code::invalid,
      fmt::format("pattern \"{}\" is not a regular expression: {} at {}", shown_, why, at_ + 1)
  );
}
void RegexReader::refuse(const std::string& what) const {
  throw Failure(
      Code::unsupported, fmt::format("pattern \"{}\": {} is not supported", shown_, what)
  );
}

bool RegexReader::take(char32_t c) {
  if (peek() != c) return false;
  ++at_;
  return true;
}
bool RegexReader::take(std::u32string_view word) {
  if (std::u32string_view(text_).substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

std::u32string RegexReader::group_name() {
  const std::size_t close = text_.find(U'>', at_);
  if (close == std::u32string::npos || close == at_) fail("unclosed group name");
  const std::u32string name = text_.substr(at_, close - at_);
  at_ = close + 1;
  return name;
}

std::vector<std::u32string> RegexReader::all_groups() {
  std::vector<std::u32string> groups;
  const std::size_t start = at_;
  bool in_class = false;
  while (more()) {
    const char32_t c = next();
    if (c == '\\') {
      if (more()) next();
    } else if (in_class) {
      in_class = c != ']';
    } else if (c == '[') {
      in_class = true;
    } else if (c == '(' && peek() != '?') {
      groups.emplace_back();
    } else if (c == '(' && peek(1) == '<' && peek(2) != '=' && peek(2) != '!') {
      go_to(at_ + 2);
      groups.push_back(group_name());
    }
  }
  at_ = start;
  return groups;
}

bool RegexReader::braces(std::uint32_t& low, std::uint32_t& high) {
  if (peek() != '{' || !is_digit(peek(1))) return false;
  const std::size_t start = at_++;
  low = number();
  high = low;
  if (take(U',')) high = is_digit(peek()) ? number() : unlimited;
  if (!take(U'}')) {
    at_ = start;
    return false;
  }
  if (high < low) fail("numbers out of order in {}");
  return true;
}

std::uint32_t RegexReader::number() {
  std::uint64_t value = 0;
  while (is_digit(peek())) {
    value = std::min<std::uint64_t>(value * 10 + (text_[at_++] - '0'), 1'000'000);
  }
  return static_cast<std::uint32_t>(value);
}

char32_t RegexReader::hex(std::size_t count) {
  char32_t value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const char32_t c = peek();
    const char32_t lower = c | 0x20;
    if (is_digit(c)) {
      value = value * 16 + (c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + (lower - 'a' + 10);
    } else {
      fail("expected a hexadecimal digit");
    }
    ++at_;
  }
  return value;
}

char32_t RegexReader::unicode_escape() {
  if (take(U'{')) {
    std::size_t length = 0;
    while (peek(length) != '}') {
      if (++length > 6) fail("\\u{} takes up to six digits");
    }
    const char32_t value = hex(length);
    ++at_;
    if (length == 0 || value > 0x10FFFF) fail("not a code point");
    return value;
  }
  const char32_t high = hex(4);
  if (high >= 0xD800 && high <= 0xDBFF && peek() == '\\' && peek(1) == 'u') {
    const std::size_t back = at_;
    at_ += 2;
    const char32_t low = hex(4);
    if (low >= 0xDC00 && low <= 0xDFFF) return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
    at_ = back;
  }
  return high;
}

char32_t RegexReader::char_escape(bool in_class) {
  const char32_t c = text_[at_++];
  switch (c) {
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
    case '0':
      if (is_digit(peek())) fail("octal escapes do not exist");
      return 0;
    case 'x':
      return hex(2);
    case 'u':
      return unicode_escape();
    case 'c':
      if (!is_letter(peek())) fail("\\c needs a letter");
      return text_[at_++] % 32;
    case 'b':
      if (in_class) return '\b';
      break;
    case 'p':
    case 'P':
      refuse("\\p{} (Unicode property classes)");
    default:
      break;
  }
  if (is_letter(c) || is_digit(c)) {
    --at_;
    fail(fmt::format("unknown escape \\{}", static_cast<char>(c)));
  }
  return c;
}

CharSet RegexReader::char_class() {
  CharSet set;
  set.negated = take(U'^');
  while (peek() != ']') {
    if (!more()) fail("unclosed [");
    Ranges whole;
    const char32_t low = class_member(whole);
    if (!whole.empty()) {
      set.ranges.insert(set.ranges.end(), whole.begin(), whole.end());
      continue;
    }
    char32_t high = low;
    if (peek() == '-' && peek(1) != ']' && at_ + 1 < text_.size()) {
      ++at_;
      high = class_member(whole);
      if (!whole.empty()) fail("a class such as \\d cannot end a range");
    }
    if (high < low) fail("range out of order");
    set.ranges.emplace_back(low, high);
  }
  ++at_;
  return set;
}

char32_t RegexReader::class_member(Ranges& whole) {
  const char32_t c = text_[at_++];
  if (c != '\\') return c;
  if (!more()) fail("a \\ at the end");
  if (auto ranges = class_escape(peek())) {
    ++at_;
    whole = std::move(*ranges);
    return 0;
  }
  return char_escape(true);
}

}  // namespace opsroom::schema
