#include <cstdint>
#include <opsroom/tool/reply.hpp>

namespace opsroom::tool::detail {

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

json text_result(const std::string& text, bool failed) {
  json result{{"content", json::array({json{{"type", "text"}, {"text", text}}})}};
  if (failed) result["isError"] = true;
  return result;
}

json text_result(const std::string& text, bool failed, const std::vector<Content>& more) {
  json result = text_result(text, failed);
  if (text.empty() && !more.empty()) result["content"] = json::array();
  for (const Content& each : more)
    result["content"].push_back(each.item);
  return result;
}

}  // namespace opsroom::tool::detail
