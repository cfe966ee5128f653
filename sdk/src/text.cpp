#include <array>
#include <cstdint>
#include <opsroom/text.hpp>

namespace opsroom {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

bool in(std::uint8_t byte, int low, int high) {
  return byte >= low && byte <= high;
}

/// Length of the valid character at `at` (RFC 3629: no overlong forms, no surrogates), 0 if none.
std::size_t character_at(std::string_view text, std::size_t at) {
  const std::uint8_t lead = byte_at(text, at);
  if (lead == 0) return 0;
  if (lead < 0x80) return 1;
  const std::size_t length = in(lead, 0xC2, 0xDF)   ? 2
                             : in(lead, 0xE0, 0xEF) ? 3
                             : in(lead, 0xF0, 0xF4) ? 4
                                                    : 0;
  if (length == 0 || at + length > text.size()) return 0;
  const std::uint8_t second = byte_at(text, at + 1);
  const int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (!in(second, low, high)) return 0;
  for (std::size_t i = 2; i < length; ++i)
    if (!in(byte_at(text, at + i), 0x80, 0xBF)) return 0;
  return length;
}

}  // namespace

std::string printable_utf8(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = character_at(bytes, at);
    if (length == 0)
      text += replacement;
    else
      text += bytes.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return text;
}

std::size_t whole_characters(std::string_view text) noexcept {
  std::size_t end = text.size();
  std::size_t back = 0;
  while (back < 3 && end > 0 && in(byte_at(text, end - 1), 0x80, 0xBF)) {
    --end;
    ++back;
  }
  if (end == 0) return text.size();
  const std::uint8_t lead = byte_at(text, end - 1);
  const std::size_t wanted = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
  return wanted > back ? end - 1 : text.size();
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t left = bytes.size() - at;
    std::uint32_t group = static_cast<std::uint32_t>(byte_at(bytes, at)) << 16;
    if (left > 1) group |= static_cast<std::uint32_t>(byte_at(bytes, at + 1)) << 8;
    if (left > 2) group |= byte_at(bytes, at + 2);
    text += letters[group >> 18 & 63];
    text += letters[group >> 12 & 63];
    text += left > 1 ? letters[group >> 6 & 63] : '=';
    text += left > 2 ? letters[group & 63] : '=';
  }
  return text;
}

}  // namespace opsroom
