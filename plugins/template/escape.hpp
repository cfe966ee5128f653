#pragma once
#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace opsroom::plugins::templates {

using json = nlohmann::json;

/// How a value is written so that it stays a value in the text around it.
enum class Escape { plain_text, for_html, for_json, for_shell };

/// "html" and so on; throws std::invalid_argument.
Escape escape_named(std::string_view name);

std::string html(std::string_view text);
/// In single quotes: one word for every POSIX shell.
std::string shell_word(std::string_view text);
std::string percent_encoded(std::string_view text);

/// A text, number, true, false as plain text. Throws std::invalid_argument for anything else.
std::string plain(const json& value);

/// A value in an escape mode. Lists become several shell words; JSON takes everything. Throws
/// std::invalid_argument with the remedy when the mode has no form for it.
std::string escaped(const json& value, Escape mode);

}  // namespace opsroom::plugins::templates
