#pragma once

#include "tools/envelope.hpp"

#include <simdjson.h>

#include <string>
#include <string_view>

// Where simdjson shows: included by the sources of EnvelopeReader only.

namespace opsroom::tools {

namespace ondemand = simdjson::ondemand;

inline constexpr int deepest_json = 128;
// Buffers that a large message made are given back after it: they are several times its size.
inline constexpr std::size_t large_message = 4u << 20;

inline simdjson::padded_string_view padded(
    const std::string& text, std::size_t begin, std::size_t length
) {
  return simdjson::padded_string_view(text.data() + begin, length, text.capacity() - begin);
}

/// A long string without escapes, as it lies in the message; else nothing.
inline std::string_view long_plain_string(ondemand::value& value) {
  constexpr std::size_t long_string = 1024;
  std::string_view raw = value.raw_json_token();
  if (raw.size() < long_string) return {};
  while (!raw.empty() && raw.back() != '"')
    raw.remove_suffix(1);
  if (raw.size() < 2 || raw.find('\\') != std::string_view::npos) return {};
  return raw.substr(1, raw.size() - 2);
}

/// What half a pair of surrogates leaves of the string that is `raw`: JavaScript writes one when a
/// text is cut within a character. Throws simdjson_error when something else is wrong with it.
std::string string_with_halves(std::string_view raw);

/// A long string without escapes is copied once, straight from the message.
inline std::string string_of(ondemand::value& value) {
  const std::string_view plain = long_plain_string(value);
  if (!plain.empty()) return std::string(plain);
  const std::string_view raw = value.raw_json_token();
  std::string_view text;
  if (value.get_string().get(text) == simdjson::SUCCESS) return std::string(text);
  return string_with_halves(raw);
}

/// The buffers of an EnvelopeReader.
struct EnvelopeReader::Parsers {
  ondemand::parser outer;
  ondemand::document document;  ///< of the outer one
  ondemand::parser inner;

  /// What `read` makes of a payload that is an object or array: from the message's own parse while
  /// that is the `latest`, since its structure is known then, else from one of its own.
  template <class Read>
  auto read_payload(const Envelope& envelope, bool latest, Read read) {
    if (latest) {
      document.rewind();
      for (auto field : document.get_object()) {
        ondemand::value value = field.value();
        if (value.raw_json_token().data() == envelope.payload().data()) return read(value);
      }
    }
    auto again = inner.iterate(padded(envelope.text, envelope.begin, envelope.length));
    return read(again);
  }
};

}  // namespace opsroom::tools
