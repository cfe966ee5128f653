#include "model/secret_fields.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>

namespace opsroom {
namespace {

constexpr const char* redacted = "[redacted]";

/// Anywhere in a name, whatever is around and between: "githubToken", "api-key".
constexpr std::array<std::string_view, 11> telling{
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "token",
    "apikey",
    "privatekey",
    "accesskey",
    "credential",
    "bearer",
};

/// Only as a word of its own: they are part of harmless ones.
constexpr std::array<std::string_view, 6> telling_words{"pin", "otp", "pwd", "pass", "cvv", "totp"};

bool is_letter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

std::string lower_letters(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_letter(c)) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

bool has_word(std::string_view text, std::string_view word) {
  std::string current;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    const bool hump = std::isupper(static_cast<unsigned char>(c)) != 0 && i > 0 &&
                      std::islower(static_cast<unsigned char>(text[i - 1])) != 0;
    if (!is_letter(c) || hump) {
      if (current == word) return true;
      current.clear();
    }
    if (is_letter(c)) current += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return false;
}

bool tells(std::string_view text) {
  const std::string letters = lower_letters(text);
  const auto within = [&letters](std::string_view word) {
    return letters.find(word) != std::string::npos;
  };
  const auto apart = [text](std::string_view word) { return has_word(text, word); };
  return std::any_of(telling.begin(), telling.end(), within) ||
         std::any_of(telling_words.begin(), telling_words.end(), apart);
}

std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& object_at(const Json& object, const char* key) {
  static const Json none = Json::object();
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : none;
}

}  // namespace

bool asks_for_a_secret(std::string_view name, const Json& schema) {
  if (tells(name)) return true;
  if (!schema.is_object()) return false;
  const auto write_only = schema.find("writeOnly");
  return (write_only != schema.end() && *write_only == true) ||
         text_at(schema, "format") == "password" || tells(text_at(schema, "title"));
}

Json shown_content(const InputAsk& ask, const Json& content) {
  if (!content.is_object()) return content;
  const Json& fields = object_at(object_at(ask.params, "requestedSchema"), "properties");
  Json shown = content;
  for (auto& [name, value] : shown.items()) {
    if (asks_for_a_secret(name, object_at(fields, name.c_str()))) value = redacted;
  }
  return shown;
}

}  // namespace opsroom
