#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace opsroom::tool::detail {

/// How many of the eight bytes at `text` stand for themselves in a JSON string, from the front:
/// ASCII but for quotes, backslashes and control characters.
inline unsigned plain_of_eight(const char* text) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t tops = 0x8080808080808080;
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof word);
  const auto has_zero = [](std::uint64_t bytes) { return (bytes - ones) & ~bytes & tops; };
  const std::uint64_t quote = has_zero(word ^ (ones * '"'));
  const std::uint64_t escape = has_zero(word ^ (ones * '\\'));
  const std::uint64_t control = (word - ones * 0x20) & ~word & tops;
  const std::uint64_t special = quote | escape | control | (word & tops);
  // The lowest bit set is exact; borrows can only make higher ones wrong.
  static_assert(std::endian::native == std::endian::little);
  return static_cast<unsigned>(std::countr_zero(special)) / 8;
}

/// The same for a text of any length.
inline std::size_t plain_prefix(std::string_view text) {
  std::size_t at = 0;
  while (text.size() - at >= 8) {
    const unsigned plain = plain_of_eight(text.data() + at);
    at += plain;
    if (plain < 8) return at;
  }
  const auto stands_for_itself = [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte >= 0x20 && byte < 0x80 && letter != '"' && letter != '\\';
  };
  while (at < text.size() && stands_for_itself(text[at]))
    ++at;
  return at;
}

}  // namespace opsroom::tool::detail
