#include "runbook/expression_text.hpp"

#include "base/failure.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace opsroom::runbook {
namespace {

constexpr std::string_view open_mark = "${{";
constexpr std::string_view escaped_mark = "$${{";

bool is_name_start(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
}
bool is_name(char c) {
  return is_name_start(c) || (c >= '0' && c <= '9');
}

/// Past the string that opens at `at`; npos when it does not end.
std::size_t after_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

/// Past the string or long string at `at`, or `at` itself when none begins there.
std::size_t skip_string(std::string_view text, std::size_t at) {
  if (text[at] == '"' || text[at] == '\'') return after_string(text, at);
  if (!text.substr(at).starts_with("[[")) return at;
  const std::size_t close = text.find("]]", at + 2);
  return close == std::string_view::npos ? close : close + 2;
}

/// Where the "}}" of an expression is whose inside begins at `at`; tables may hold braces
/// themselves.
std::size_t find_close(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const std::size_t next = skip_string(text, at);
    if (next != at) {
      at = next;
      continue;
    }
    if (text[at] == '{') ++depth;
    if (text[at] == '}') {
      if (depth == 0) return text.substr(at).starts_with("}}") ? at : std::string_view::npos;
      --depth;
    }
    ++at;
  }
  return std::string_view::npos;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t from = text.find_first_not_of(blank);
  if (from == std::string_view::npos) return {};
  return std::string(text.substr(from, text.find_last_not_of(blank) - from + 1));
}

bool is_keyword(std::string_view word) {
  constexpr std::array<std::string_view, 22> words = {
      "and",      "break",  "do",   "else", "elseif", "end",  "false", "for",
      "function", "goto",   "if",   "in",   "local",  "nil",  "not",   "or",
      "repeat",   "return", "then", "true", "until",  "while"
  };
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Reads names and what directly follows them.
class NameScanner {
 public:
  explicit NameScanner(std::string_view text) : text_(text) {}

  std::vector<Reference> run() {
    std::vector<Reference> found;
    while (at_ < text_.size()) {
      const std::size_t next = skip_string(text_, at_);
      if (next != at_) {
        at_ = std::min(next, text_.size());
        last_ = '"';
      } else if (is_name_start(text_[at_])) {
        if (!take_name(found)) return {};
      } else if (std::isdigit(static_cast<unsigned char>(text_[at_])) != 0) {
        while (at_ < text_.size() && (is_name(text_[at_]) || text_[at_] == '.'))
          ++at_;
        last_ = '0';
      } else if (text_.substr(at_).starts_with("..")) {
        at_ += 2;
        last_ = '+';  // an operator: what follows is no member
      } else {
        if (std::isspace(static_cast<unsigned char>(text_[at_])) == 0) last_ = text_[at_];
        ++at_;
      }
    }
    return found;
  }

 private:
  std::string_view word() {
    const std::size_t from = at_;
    while (at_ < text_.size() && is_name(text_[at_]))
      ++at_;
    return text_.substr(from, at_ - from);
  }

  void skip_blank() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0)
      ++at_;
  }

  /// False when names can no longer be told apart.
  bool take_name(std::vector<Reference>& found) {
    const bool is_member = last_ == '.' || last_ == ':';
    const std::string name(word());
    last_ = 'a';
    if (name == "function") return false;
    if (is_member || is_keyword(name)) return true;
    skip_blank();
    const bool is_field =
        text_.substr(at_).starts_with("=") && !text_.substr(at_).starts_with("==");
    if (!is_field) found.push_back({name, member()});
    return true;
  }

  std::string member() {
    const std::string_view rest = text_.substr(at_);
    if (rest.starts_with(".") && !rest.starts_with("..")) {
      ++at_;
      skip_blank();
      return std::string(word());
    }
    if (!rest.starts_with("[\"") && !rest.starts_with("['")) return {};
    const std::size_t end = after_string(text_, at_ + 1);
    if (end >= text_.size() || text_[end] != ']') return {};
    return std::string(text_.substr(at_ + 2, end - at_ - 3));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  char last_ = ' ';
};

}  // namespace

std::vector<Expression> find_expressions(std::string_view text) {
  std::vector<Expression> found;
  std::size_t from = 0;
  while (true) {
    const std::size_t begin = text.find(open_mark, from);
    if (begin == std::string_view::npos) return found;
    if (begin > from && text[begin - 1] == '$') {
      from = begin + open_mark.size();
      continue;
    }
    const std::size_t inside = begin + open_mark.size();
    const std::size_t close = find_close(text, inside);
    if (close == std::string_view::npos) {
      throw Failure(
          Code::invalid,
          "${{ is not closed by }}",
          "Close it, or write $${{ where the text ${{ itself is meant."
      );
    }
    found.push_back({begin, close + 2, trimmed(text.substr(inside, close - inside))});
    from = close + 2;
  }
}

std::vector<Reference> references(const std::string& source) {
  return NameScanner(source).run();
}

std::string unescaped(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const std::size_t next = text.find(escaped_mark, at);
    out += text.substr(at, next - at);
    if (next == std::string_view::npos) return out;
    out += open_mark;
    at = next + escaped_mark.size();
  }
}

}  // namespace opsroom::runbook
