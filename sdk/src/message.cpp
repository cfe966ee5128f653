#include "message.hpp"

#include "json_reader.hpp"

namespace opsroom::sdk {
namespace {

bool is_text(std::string_view value) {
  return !value.empty() && value.front() == '"';
}

bool is_object(std::string_view value) {
  return !value.empty() && value.front() == '{';
}

bool is_integer(std::string_view value) {
  return !value.empty() && value.find_first_not_of("-0123456789") == std::string_view::npos;
}

RpcError missing(const char* field, const char* what) {
  return {
      code::invalid_params, std::string("params._meta[\"") + field + "\"] is missing or not " + what
  };
}

bool speaks_modern(const Message& request) {
  return request.method == "server/discover" || !request.protocol_version.empty() ||
         !request.client_capabilities.empty();
}

void check_modern(const Message& request) {
  if (!is_text(request.protocol_version)) throw missing(meta::protocol_version, "a string");
  const std::string version = string_of(request.protocol_version).value_or("");
  if (version != modern_version)
    throw RpcError{
        code::unsupported_version,
        "Unsupported protocol version",
        {{"supported", json::array({modern_version})}, {"requested", version}}
    };
  if (!is_object(request.client_capabilities))
    throw missing(meta::client_capabilities, "an object");
}

}  // namespace

Message::Message(std::string line) : line_(std::move(line)) {
  JsonReader reader(line_);
  std::string_view method_value;
  const bool object = reader.object([&](std::string_view key) {
    if (key == "params") {
      read_params(reader);
    } else {
      const auto value = reader.value();
      if (key == "id") id = value;
      if (key == "method") method_value = value;
      if (key == "jsonrpc") version_ = value;
      if (key == "result") result = value;
      if (key == "error") error = value;
    }
  });
  if (!object) reader.value();
  if (!reader.ended()) throw RpcError{code::parse_error, "not JSON in UTF-8, or nested badly"};
  if (!object) throw RpcError{code::invalid_request, "a message must be one JSON object"};
  has_method_ = !method_value.empty();
  method_is_text_ = is_text(method_value);
  if (method_is_text_) method = string_of(method_value).value_or("");
}

void Message::read_params(JsonReader& reader) {
  reader.peek();
  const char* begin = reader.rest().data();
  const bool object = reader.object([&](std::string_view key) {
    if (key == "_meta") return read_meta(reader);
    const auto value = reader.value();
    if (key == "name") name = value;
    if (key == "arguments") arguments = value;
    if (key == "requestState") request_state = value;
    if (key == "inputResponses") input_responses = value;
  });
  if (!object) reader.value();
  params = {begin, static_cast<std::size_t>(reader.rest().data() - begin)};
}

void Message::read_meta(JsonReader& reader) {
  reader.peek();
  const char* begin = reader.rest().data();
  const bool object = reader.object([&](std::string_view key) {
    if (key == sdk::meta::call) return read_call(reader);
    const auto value = reader.value();
    if (key == sdk::meta::protocol_version) protocol_version = value;
    if (key == sdk::meta::client_capabilities) client_capabilities = value;
    if (key == sdk::meta::log_level) log_level = value;
    if (key == "progressToken") progress_token = value;
  });
  if (!object) reader.value();
  meta = {begin, static_cast<std::size_t>(reader.rest().data() - begin)};
}

void Message::read_call(JsonReader& reader) {
  reader.peek();
  const char* begin = reader.rest().data();
  const bool object = reader.object([&](std::string_view key) {
    const auto value = reader.value();
    if (key == "workdir") workdir = value;
    if (key == "deadlineMs") deadline = value;
    if (key == "requestState" || key == "inputResponses") call_overreaches = true;
  });
  if (!object) reader.value();
  call = {begin, static_cast<std::size_t>(reader.rest().data() - begin)};
}

Message::Kind Message::kind() const noexcept {
  if (has_method_) return id.empty() ? Kind::notification : Kind::request;
  return result.empty() && error.empty() ? Kind::nonsense : Kind::response;
}

void Message::check_id() const {
  if (!is_id(id)) throw RpcError{code::invalid_request, "id must be a string or an integer"};
}

void Message::check_request() const {
  if (version_ != "\"2.0\"") throw RpcError{code::invalid_request, "jsonrpc must be \"2.0\""};
  if (!method_is_text_) throw RpcError{code::invalid_request, "method must be a string"};
  if (!params.empty() && !is_object(params))
    throw RpcError{code::invalid_params, "params must be an object"};
  if (!meta.empty() && !is_object(meta))
    throw RpcError{code::invalid_params, "params._meta must be an object"};
}

json Message::parsed_params() const {
  return is_object(params) ? json::parse(params) : json::object();
}

Era era_of(const Message& request, bool opened_legacy) {
  if (speaks_modern(request)) {
    check_modern(request);
    return Era::modern;
  }
  if (opened_legacy || request.method == "initialize" || request.method == "ping")
    return Era::legacy;
  throw RpcError{
      code::invalid_params,
      std::string("params._meta[\"") + meta::protocol_version +
          "\"] is missing, and there was no initialize before"
  };
}

bool is_id(std::string_view value) {
  return is_text(value) || is_integer(value);
}

std::string key_of(std::string_view id) {
  if (id.find('\\') == std::string_view::npos) return std::string(id);
  return json_string(string_of(id).value_or(""));
}

}  // namespace opsroom::sdk
