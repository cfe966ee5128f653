#include "tools/envelope_parsers.hpp"

#include <utility>

// The result most calls have, text and nothing else, without a tree of values in between.

namespace opsroom::tools {
namespace {

/// Passes over a value, which has to be JSON all the same. False when it is nested too deep.
bool skip(ondemand::value value, int depth) {
  if (depth > deepest_json) return false;
  switch (value.type().value()) {
    case ondemand::json_type::object:
      for (auto field : value.get_object()) {
        static_cast<void>(std::string_view(field.unescaped_key()));
        if (!skip(field.value(), depth + 1)) return false;
      }
      return true;
    case ondemand::json_type::array:
      for (auto element : value.get_array()) {
        if (!skip(element.value(), depth + 1)) return false;
      }
      return true;
    case ondemand::json_type::string:
      static_cast<void>(std::string_view(value.get_string()));
      return true;
    case ondemand::json_type::boolean:
      static_cast<void>(bool(value.get_bool()));
      return true;
    case ondemand::json_type::number:
      static_cast<void>(double(value.get_double()));
      return true;
    case ondemand::json_type::null:
      return value.is_null();
  }
  return false;
}

/// Texts as they come, joined. The first one is left in the message as long as it can be.
struct Texts {
  std::string joined;
  std::string_view in_message;

  void add(ondemand::value& value) {
    if (joined.empty() && in_message.empty()) {
      in_message = long_plain_string(value);
      if (in_message.empty()) joined = string_of(value);
      return;
    }
    joined += std::exchange(in_message, {});
    joined += '\n';
    joined += string_of(value);
  }
};

/// Adds the text of a content that is nothing but text.
bool read_text(ondemand::object item, Texts& texts) {
  bool typed = false;
  bool said = false;
  for (auto field : item) {
    const std::string_view key = field.unescaped_key();
    ondemand::value value = field.value();
    if (key == "type" && !typed) {
      typed = std::string_view(value.get_string()) == "text";
      if (!typed) return false;
    } else if (key == "text" && !said) {
      said = true;
      texts.add(value);
    } else {
      return false;
    }
  }
  return typed && said;
}

bool read_texts(ondemand::array content, Texts& texts) {
  for (auto element : content) {
    if (!read_text(element.get_object(), texts)) return false;
  }
  return true;
}

std::optional<PlainResult> read_plain(ondemand::object result, Texts& texts) {
  PlainResult plain;
  bool has_content = false;
  bool has_error = false;
  for (auto field : result) {
    const std::string_view key = field.unescaped_key();
    ondemand::value value = field.value();
    if (key == "content" && !has_content) {
      has_content = true;
      if (!read_texts(value.get_array(), texts)) return std::nullopt;
    } else if (key == "resultType" && !plain.typed) {
      plain.typed = std::string_view(value.get_string()) == "complete";
      if (!plain.typed) return std::nullopt;
    } else if (key == "isError" && !has_error) {
      has_error = true;
      plain.failed = bool(value.get_bool());
    } else if (key != "_meta" || !skip(value, 0)) {
      return std::nullopt;
    }
  }
  return has_content ? std::optional(std::move(plain)) : std::nullopt;
}

/// The part of a message that is wanted, in the message's own memory: a large one is not copied.
std::string cut_out(std::string message, std::string_view part) {
  const auto begin = static_cast<std::size_t>(part.data() - message.data());
  message.resize(begin + part.size());
  message.erase(0, begin);
  return message;
}

}  // namespace

std::optional<PlainResult> EnvelopeReader::take_plain_result(Envelope& envelope) {
  if (envelope.kind != Envelope::Kind::result || envelope.length == 0) return std::nullopt;
  if (envelope.text[envelope.begin] != '{') return std::nullopt;
  try {
    Texts texts;
    auto plain = parsers_->read_payload(envelope, envelope.parse == parses_, [&](auto& value) {
      return read_plain(value.get_object(), texts);
    });
    if (!plain) return std::nullopt;
    const bool large = envelope.length > large_message;
    plain->text = std::move(texts.joined);
    if (!texts.in_message.empty()) {
      plain->text = cut_out(std::move(envelope.text), texts.in_message);
      envelope.text = std::string();
      envelope.begin = envelope.length = 0;
      ++parses_;
    }
    if (large) start_afresh();
    return plain;
  } catch (const simdjson::simdjson_error&) {
    return std::nullopt;  // Read the long way, it says what is wrong.
  }
}

}  // namespace opsroom::tools
