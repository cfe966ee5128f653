#include "cli/question_text.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "cli/terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace opsroom::cli {
namespace {

std::string source_of(const std::string& tool) {
  return tool.substr(0, tool.find('.'));
}

/// At most `most` characters, cut between two.
std::string shortened(const std::string& text, std::size_t most) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (begins && characters++ == most) return text.substr(0, i) + "…";
  }
  return text;
}

std::string indented(const std::string& text, std::string_view by) {
  std::string out;
  for (const std::string& line : split_lines(text)) {
    if (!out.empty()) out += '\n';
    out += fmt::format("{}{}", by, safe_for_terminal(line));
  }
  return out;
}

std::string bounds_text(const FormField& field) {
  const auto value = [&](const char* key) {
    const auto found = field.rule.find(key);
    return found == field.rule.end() || !found->is_number() ? std::string() : dump(*found);
  };
  const bool number =
      field.kind == FormField::Kind::integer || field.kind == FormField::Kind::number;
  const bool list = field.kind == FormField::Kind::choices;
  const std::string low = value(number ? "minimum" : list ? "minItems" : "minLength");
  const std::string high = value(number ? "maximum" : list ? "maxItems" : "maxLength");
  const std::string unit = number ? "" : list ? " of them" : " characters";
  if (low.empty() && high.empty()) return {};
  if (high.empty()) return fmt::format("at least {}{}", low, unit);
  if (low.empty()) return fmt::format("at most {}{}", high, unit);
  return fmt::format("{} to {}{}", low, high, unit);
}

std::string options_text(const FormField& field) {
  std::vector<std::string> words;
  for (const auto& option : field.options) {
    const bool same = option.title == option.value;
    words.push_back(same ? option.value : fmt::format("{} ({})", option.value, option.title));
  }
  return fmt::format("{} {}", to_string(field.kind), listing(words, 20));
}

std::string form_text(const InputRequest& input) {
  std::vector<FormField> fields;
  try {
    fields = form_fields(input.ask);
  } catch (const Failure& failure) {
    return "  " + safe_for_terminal(failure.what());
  }
  std::size_t width = 0;
  for (const FormField& field : fields)
    width = std::max(width, safe_for_terminal(field.name).size());
  std::string out;
  for (const FormField& field : fields) {
    const std::string name = safe_for_terminal(field.name);
    const std::string about = field.description.empty() ? field.title : field.description;
    if (!out.empty()) out += '\n';
    out += fmt::format("  {:<{}}  {}", name, width, field_text(field));
    if (!about.empty()) out += '\n' + indented(about, std::string(width + 4, ' '));
  }
  return out.empty() ? "  (no fields: it asks for a yes or no)" : out;
}

std::string visit_text(const InputRequest& input, bool colour) {
  const std::string url = url_of(input.ask);
  const std::string host = host_of_url(url);
  std::string out = fmt::format("  Address:  {}\n", safe_for_terminal(url));
  if (host.empty()) return out + "  That is no web address: do not open it.";
  out += "  Leads to: " + inked(safe_for_terminal(host), Ink::bold, colour);
  const bool plain =
      std::all_of(host.begin(), host.end(), [](unsigned char c) { return c < 0x80; });
  if (!plain) out += "  (letters that only look familiar may lead elsewhere)";
  return out;
}

/// A name as a shell takes it.
std::string shell_word(const std::string& word) {
  const bool plain = std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
  });
  if (plain) return word;
  std::string quoted = "'";
  for (const char c : word)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return safe_for_terminal(quoted + "'");
}

std::string example_words(const InputRequest& input) {
  std::string words;
  try {
    const auto fields = form_fields(input.ask);
    for (const FormField& field : fields) {
      const bool needed = field.required && field.fallback.is_null();
      if (needed) words += fmt::format(" {}=…", shell_word(field.name));
    }
    if (words.empty() && fields.empty()) return " --accept";
    if (words.empty()) return " --accept   (or name=… for each field that shall differ)";
  } catch (const Failure&) {
    return {};  // such a question can only be declined
  }
  return words;
}

}  // namespace

std::string host_of_url(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  std::string name(url.substr(0, scheme));
  std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
  if (name != "https" && name != "http") return {};
  std::string_view rest = url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of("/\\?#"));
  const auto at = rest.rfind('@');
  return std::string(at == std::string_view::npos ? rest : rest.substr(at + 1));
}

std::string question_line(const InputRequest& input, std::size_t most) {
  std::string message = message_of(input.ask);
  std::replace(message.begin(), message.end(), '\n', ' ');
  if (message.empty()) message = asks_for_visit(input.ask) ? url_of(input.ask) : "(no message)";
  return safe_for_terminal(shortened(message, most));
}

std::string field_text(const FormField& field) {
  std::string text = field.options.empty() ? std::string(to_string(field.kind))
                                           : safe_for_terminal(options_text(field));
  if (!field.format.empty()) text = safe_for_terminal(field.format);
  if (field.required) text += ", required";
  const std::string bounds = bounds_text(field);
  if (!bounds.empty()) text += ", " + bounds;
  if (!field.fallback.is_null()) {
    const bool plain = field.fallback.is_string();
    const std::string value = plain ? field.fallback.get<std::string>() : dump(field.fallback);
    text += ", default " + safe_for_terminal(shortened(value, 80));
  }
  return text;
}

std::string question_text(const InputRequest& input, bool colour) {
  const std::string server = safe_for_terminal(source_of(input.tool));
  std::string out = inked(
      fmt::format(
          "question {}: server '{}' asks (tool {}, step {})",
          input.id,
          server,
          safe_for_terminal(input.tool),
          safe_for_terminal(input.step)
      ),
      Ink::bold,
      colour
  );
  const std::string message = message_of(input.ask);
  if (!message.empty()) out += '\n' + indented(message, "  ");
  out += '\n';
  if (asks_for_visit(input.ask)) {
    out += visit_text(input, colour);
  } else {
    out += form_text(input);
    out += "\n  Give no passwords or keys: the server reads the answer, and it is kept.";
  }
  if (input.live && input.expires_at) {
    out += fmt::format("\n  Its process waits until {}.", safe_for_terminal(*input.expires_at));
  }
  return out;
}

std::string ways_to_answer(const InputRequest& input, bool several) {
  std::string command = fmt::format("opsroom answer {}", input.run);
  if (several) command += fmt::format(" --input {}", input.id);
  const bool visit = asks_for_visit(input.ask);
  const std::string words = visit ? " --accept   (once it is done there)" : example_words(input);
  std::string out;
  if (!words.empty()) out += fmt::format("  {}{}\n", command, words);
  return out + fmt::format("  {} --decline   (or --cancel)", command);
}

}  // namespace opsroom::cli
