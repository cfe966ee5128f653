#include <nlohmann/json.hpp>

#include <cstdint>
#include <opsroom/tool/offers.hpp>
#include <opsroom/tool/reply.hpp>
#include <utility>

namespace opsroom::tool {
namespace {

std::string base64(std::string_view bytes) {
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k)
      text += k <= bytes.size() - i ? letters[group >> (18 - 6 * k) & 63U] : '=';
  }
  return text;
}

Content media(const char* type, std::string_view bytes, const std::string& media_type) {
  return Content(json{{"type", type}, {"data", base64(bytes)}, {"mimeType", media_type}});
}

Content embedded(
    const std::string& uri, const std::string& media_type, const char* how, const std::string& text
) {
  const json resource{{"uri", uri}, {"mimeType", media_type}, {how, text}};
  return Content(json{{"type", "resource"}, {"resource", resource}});
}

}  // namespace

Content::Content(const json& item) : item_(std::make_shared<const json>(item)) {}

Content text_content(const std::string& text) {
  return Content(json{{"type", "text"}, {"text", text}});
}

Content image(std::string_view bytes, const std::string& media_type) {
  return media("image", bytes, media_type);
}

Content audio(std::string_view bytes, const std::string& media_type) {
  return media("audio", bytes, media_type);
}

Content resource_link(
    const std::string& uri,
    const std::string& name,
    const std::string& media_type,
    const std::string& description
) {
  json item{{"type", "resource_link"}, {"uri", uri}, {"name", name}};
  if (!media_type.empty()) item["mimeType"] = media_type;
  if (!description.empty()) item["description"] = description;
  return Content(item);
}

Content embedded_text(
    const std::string& uri, const std::string& text, const std::string& media_type
) {
  return embedded(uri, media_type, "text", text);
}

Content embedded_bytes(
    const std::string& uri, std::string_view bytes, const std::string& media_type
) {
  return embedded(uri, media_type, "blob", base64(bytes));
}

namespace detail {

void put_text(json& result, const std::string& text) {
  // Braces would copy each value twice on its way in.
  json part = json::object();
  part["type"] = "text";
  part["text"] = text;
  (result["content"] = json::array()).push_back(std::move(part));
}

void put_reply(json& result, const Reply& reply) {
  put_text(result, reply.text);
  if (reply.failed) result["isError"] = true;
  if (reply.text.empty() && !reply.more.empty()) result["content"] = json::array();
  for (const Content& each : reply.more)
    result["content"].push_back(each.item());
}

void put_data(json& result, const Shape& shape, const void* data) {
  json seen;
  write_value(shape, data, seen);
  put_text(result, seen.dump(-1, ' ', false, json::error_handler_t::replace));
  result["structuredContent"] = std::move(seen);
}

void put_outcome(json& result, const Shape& shape, const void* data, const Reply& words) {
  put_reply(result, words);
  write_value(shape, data, result["structuredContent"]);
}

void put_content(json& content, const std::string& text) {
  content = {{"text", text}};
}

void put_content(json& content, const Bytes& bytes) {
  content = {{"blob", base64(bytes.data)}};
}

}  // namespace detail
}  // namespace opsroom::tool
