#include "cli/tools_text.hpp"

#include "base/text.hpp"
#include "tools/surface.hpp"

#include <fmt/format.h>

namespace opsroom::cli {

std::string short_line(std::string_view text, std::size_t most) {
  const std::string line = tools::visible(text.substr(0, text.find('\n')));
  std::size_t characters = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(line[i]) & 0xC0) != 0x80;
    if (begins && characters++ == most) return line.substr(0, i) + "…";
  }
  return line;
}

std::string safe_lines(std::string_view text) {
  std::string out;
  bool first = true;
  for (const std::string& line : split_lines(text)) {
    if (!first) out += '\n';
    first = false;
    std::size_t begin = 0;
    for (std::size_t tab = line.find('\t'); tab != std::string::npos;
         tab = line.find('\t', begin)) {
      out += tools::visible(line.substr(begin, tab - begin)) + '\t';
      begin = tab + 1;
    }
    out += tools::visible(line.substr(begin));
  }
  return out;
}

std::string json_text(const Json& json) {
  return safe_lines(json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_failure(const std::string& source, const Failure& failure) {
  fmt::print(stderr, "{}: {}\n", source, indented(safe_lines(failure.message()), 4));
  if (!failure.hint().empty()) fmt::print(stderr, "    {}\n", safe_lines(failure.hint()));
}

std::string indented(std::string_view text, std::size_t by) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out.append(by, ' ');
  }
  return out;
}

}  // namespace opsroom::cli
