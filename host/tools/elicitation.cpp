#include "tools/elicitation.hpp"

#include "tools/json_fields.hpp"

namespace opsroom::tools::mcp {
namespace {

bool is_url_mode(const Json& params) {
  return text_field(params, "mode") == "url";
}

}  // namespace

std::optional<std::string> elicitation_fault(const Json& params) {
  const std::string mode = text_field(params, "mode");
  const bool has_mode = field(params, "mode") != nullptr;
  if (has_mode && mode != "form" && mode != "url") return "unknown elicitation mode";
  if (text_field(params, "message").empty()) return "an elicitation needs a message";
  if (mode == "url") {
    if (text_field(params, "url").empty()) return "an elicitation by url needs a url";
    return std::nullopt;
  }
  if (object_field(params, "requestedSchema") == nullptr) {
    return "an elicitation by form needs a requestedSchema";
  }
  return std::nullopt;
}

Json form_of(const Json& params) {
  if (is_url_mode(params)) return nullptr;
  Json defaults = Json::object();
  const Json* schema = object_field(params, "requestedSchema");
  const Json* properties = schema == nullptr ? nullptr : object_field(*schema, "properties");
  if (properties == nullptr) return defaults;
  for (const auto& [name, property] : properties->items()) {
    if (const Json* value = field(property, "default")) defaults[name] = *value;
  }
  return defaults;
}

Json elicit_result(const Json& form, const InputReply& reply) {
  Json result{{"action", to_string(reply.action)}};
  if (reply.action != InputAction::accept || form.is_null()) return result;
  Json content = form.is_object() ? form : Json::object();
  if (reply.content.is_object()) content.update(reply.content);
  result["content"] = std::move(content);
  return result;
}

Json sampling_result(const std::string& tool, const ToolResult& said) {
  const Json& output = said.output;
  Json result = Json::object();
  const Json* content = field(output, "content");
  if (content != nullptr && field(output, "role") != nullptr) {
    result = output;
  } else {
    const Json* text = field(output, "text");
    const bool plain = text != nullptr && text->is_string();
    std::string words = output.is_string() ? output.get<std::string>() : std::string();
    if (plain) words = text->get<std::string>();
    if (!plain && !output.is_string()) words = dump(output);
    result["role"] = "assistant";
    result["content"] = {{"type", "text"}, {"text", std::move(words)}};
    for (const char* key : {"model", "stopReason"}) {
      const std::string value = text_field(output, key);
      if (!value.empty()) result[key] = value;
    }
  }
  if (text_field(result, "model").empty()) result["model"] = tool;
  if (text_field(result, "stopReason").empty()) result["stopReason"] = "endTurn";
  return result;
}

}  // namespace opsroom::tools::mcp
