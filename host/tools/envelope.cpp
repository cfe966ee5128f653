#include "tools/envelope.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "tools/envelope_parsers.hpp"

#include <fmt/format.h>

#include <charconv>

namespace opsroom::tools {
namespace {

Json to_json(ondemand::value value, int depth);

Json number_to_json(ondemand::value& value) {
  std::int64_t whole = 0;
  if (value.get_int64().get(whole) == simdjson::SUCCESS) return whole;
  std::uint64_t positive = 0;
  if (value.get_uint64().get(positive) == simdjson::SUCCESS) return positive;
  double real = 0;
  if (value.get_double().get(real) == simdjson::SUCCESS) return real;
  // Integers beyond 64 bits: nlohmann reads them as doubles, and refuses what is no number.
  const std::string_view token = value.raw_json_token();
  return Json::parse(token);
}

Json object_to_json(ondemand::object object, int depth) {
  Json out = Json::object();
  for (auto field : object) {
    std::string key(std::string_view(field.unescaped_key()));
    out[std::move(key)] = to_json(field.value(), depth);
  }
  return out;
}

Json array_to_json(ondemand::array array, int depth) {
  Json out = Json::array();
  for (auto element : array)
    out.push_back(to_json(element.value(), depth));
  return out;
}

Json to_json(ondemand::value value, int depth) {
  if (depth > deepest_json) {
    throw Failure(Code::invalid, fmt::format("nested deeper than {} levels", deepest_json));
  }
  switch (value.type().value()) {
    case ondemand::json_type::object:
      return object_to_json(value.get_object(), depth + 1);
    case ondemand::json_type::array:
      return array_to_json(value.get_array(), depth + 1);
    case ondemand::json_type::string:
      return string_of(value);
    case ondemand::json_type::boolean:
      return bool(value.get_bool());
    case ondemand::json_type::number:
      return number_to_json(value);
    case ondemand::json_type::null:
      if (bool(value.is_null())) return Json();
      break;
  }
  throw Failure(Code::invalid, "neither a value nor null");
}

/// The fields of an envelope seen so far. A field that comes twice makes it ambiguous: which of two
/// ids is answered must not depend on the parser.
struct Fields {
  std::string_view version;
  std::string_view id;
  std::string_view method;
  std::string_view params;
  std::string_view result;
  std::string_view error;
  std::string_view twice;

  void take(std::string_view key, std::string_view raw) {
    std::string_view* slot = slot_of(key);
    if (slot == nullptr) return;
    if (!slot->empty()) twice = key;
    *slot = raw;
  }

 private:
  std::string_view* slot_of(std::string_view key) {
    if (key == "jsonrpc") return &version;
    if (key == "id") return &id;
    if (key == "method") return &method;
    if (key == "params") return &params;
    if (key == "result") return &result;
    if (key == "error") return &error;
    return nullptr;
  }
};

bool is_string(std::string_view raw) {
  return raw.size() >= 2 && raw.front() == '"';
}

void set_payload(Envelope& envelope, std::string_view raw) {
  envelope.begin = raw.empty() ? 0 : static_cast<std::size_t>(raw.data() - envelope.text.data());
  envelope.length = raw.size();
}

void classify(Envelope& envelope, const Fields& fields) {
  using Kind = Envelope::Kind;
  // Some libraries write both members always, the one that is not meant as null.
  const bool has_error = !fields.error.empty() && fields.error != "null";
  if (fields.id != "null") envelope.id = fields.id;
  if (!fields.twice.empty()) {
    envelope.kind = envelope.id.empty() ? Kind::noise : Kind::malformed;
    envelope.problem = fmt::format("\"{}\" appears twice", fields.twice);
  } else if (is_string(fields.method)) {
    envelope.method = fields.method.substr(1, fields.method.size() - 2);
    // PHP writes "tools\/call" unless it is told not to.
    if (envelope.method.find('\\') != std::string::npos) {
      envelope.method = string_with_halves(fields.method);
    }
    envelope.kind = fields.id.empty() ? Kind::notification : Kind::request;
    set_payload(envelope, fields.params);
  } else if (!fields.result.empty() && !has_error) {
    envelope.kind = Kind::result;
    set_payload(envelope, fields.result);
  } else if (!fields.error.empty() && (fields.result.empty() || fields.result == "null")) {
    envelope.kind = Kind::error;
    set_payload(envelope, fields.error);
  } else {
    envelope.kind = envelope.id.empty() ? Kind::noise : Kind::malformed;
    envelope.problem = fields.result.empty() ? "neither result nor error" : "both result and error";
  }
}

Fields read_fields(ondemand::document& document) {
  Fields fields;
  for (auto field : document.get_object()) {
    const std::string_view key = field.unescaped_key();
    ondemand::value value = field.value();
    fields.take(key, simdjson::to_json_string(value));
  }
  return fields;
}

bool is_batch(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  return first != std::string_view::npos && text[first] == '[';
}

/// Four hexadecimal digits at `at`, when they are the number of a surrogate; else 0.
unsigned surrogate_at(std::string_view text, std::size_t at) {
  unsigned value = 0;
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
  const char* const digits = text.data() + at + 2;
  const auto [end, error] = std::from_chars(digits, digits + 4, value, 16);
  const bool is_one = error == std::errc{} && end == digits + 4 && value >> 11 == 0xD800 >> 11;
  return is_one ? value : 0;
}

}  // namespace

std::string string_with_halves(std::string_view raw) {
  while (!raw.empty() && raw.back() != '"')
    raw.remove_suffix(1);
  std::string whole(raw);
  for (std::size_t at = 0; at < whole.size(); ++at) {
    if (whole[at] != '\\') continue;
    const unsigned first = surrogate_at(whole, at);
    const bool pair = first >= 0xD800 && first < 0xDC00 && surrogate_at(whole, at + 6) >= 0xDC00;
    if (first != 0 && !pair) whole.replace(at, 6, "\\ufffd");
    at += first == 0 ? 1 : pair ? 11 : 5;
  }
  const Json text = Json::parse(whole, nullptr, false);
  if (!text.is_string()) throw simdjson::simdjson_error(simdjson::STRING_ERROR);
  return text.get<std::string>();
}

EnvelopeReader::EnvelopeReader() : parsers_(std::make_unique<Parsers>()) {}
EnvelopeReader::~EnvelopeReader() = default;

std::optional<std::int64_t> Envelope::number() const {
  std::string_view digits = id;
  if (is_string(digits)) digits = digits.substr(1, digits.size() - 2);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

Envelope EnvelopeReader::read(std::string text) {
  Envelope envelope;
  envelope.text = std::move(text);
  envelope.bytes = envelope.text.size();
  envelope.text.reserve(envelope.text.size() + simdjson::SIMDJSON_PADDING);
  if (is_batch(envelope.text)) {
    envelope.kind = Envelope::Kind::batch;
    envelope.length = envelope.text.size();
    return envelope;
  }
  envelope.parse = ++parses_;
  try {
    const auto bytes = padded(envelope.text, 0, envelope.text.size());
    const auto error = parsers_->outer.iterate(bytes).get(parsers_->document);
    if (error == simdjson::UTF8_ERROR) {
      Envelope again = read(printable_utf8(envelope.text));
      again.repaired = true;
      return again;
    }
    if (error != simdjson::SUCCESS) throw simdjson::simdjson_error(error);
    classify(envelope, read_fields(parsers_->document));
  } catch (const simdjson::simdjson_error& error) {
    envelope.kind = Envelope::Kind::noise;
    envelope.problem = error.what();
  }
  return envelope;
}

std::vector<std::string> EnvelopeReader::split(const Envelope& batch) {
  std::vector<std::string> out;
  try {
    auto document = parsers_->inner.iterate(padded(batch.text, batch.begin, batch.length));
    for (auto element : document.get_array()) {
      ondemand::value value = element.value();
      out.emplace_back(std::string_view(simdjson::to_json_string(value)));
    }
  } catch (const simdjson::simdjson_error&) {
    out.clear();  // An array that is not JSON to its end is noise as a whole.
  }
  return out;
}

Json EnvelopeReader::payload(const Envelope& envelope) {
  if (envelope.length == 0) return Json();
  try {
    const char first = envelope.text[envelope.begin];
    if (first != '{' && first != '[') return Json::parse(envelope.payload());
    Json value = parse_again(envelope);
    if (envelope.length > large_message) start_afresh();
    return value;
  } catch (const simdjson::simdjson_error& error) {
    throw Failure(Code::invalid, fmt::format("not JSON: {}", error.what()));
  } catch (const Json::exception&) {  // A number that no double holds is one, too.
    throw Failure(Code::invalid, "not JSON");
  }
}

void EnvelopeReader::start_afresh() {
  parsers_ = std::make_unique<Parsers>();
  ++parses_;
}

Json EnvelopeReader::parse_again(const Envelope& envelope) {
  const bool is_object = envelope.text[envelope.begin] == '{';
  return parsers_->read_payload(envelope, envelope.parse == parses_, [&](auto& value) {
    if (is_object) return object_to_json(value.get_object(), 0);
    return array_to_json(value.get_array(), 0);
  });
}

std::string request_text(std::int64_t id, std::string_view method, const Json& params) {
  return fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"method":"{}","params":{}}})", id, method, dump(params)
  );
}

std::string notification_text(std::string_view method, const Json& params) {
  return fmt::format(R"({{"jsonrpc":"2.0","method":"{}","params":{}}})", method, dump(params));
}

std::string result_text(std::string_view raw_id, const Json& result) {
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"result":{}}})", raw_id, dump(result));
}

std::string error_text(std::string_view raw_id, int code, std::string_view message) {
  const Json error{{"code", code}, {"message", message}};
  return fmt::format(R"({{"jsonrpc":"2.0","id":{},"error":{}}})", raw_id, dump(error));
}

}  // namespace opsroom::tools
