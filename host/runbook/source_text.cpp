#include "runbook/source_text.hpp"

#include "base/failure.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace opsroom::runbook {
namespace {

constexpr std::size_t max_shown = 50;

/// Walks a text that nlohmann has accepted as JSON, only to learn where things stand.
class JsonMarker {
 public:
  JsonMarker(std::string_view text, SourceText& source, Report& report)
      : text_(text), source_(source), report_(report) {}

  void run() {
    blank();
    value("");
  }

 private:
  void next() {
    if (text_[at_] == '\n') {
      ++mark_.line;
      mark_.column = 0;
    }
    // Continuation bytes of UTF-8 are no columns of their own.
    if ((static_cast<unsigned char>(text_[at_]) & 0xC0) != 0x80) ++mark_.column;
    ++at_;
  }

  void blank() {
    while (at_ < text_.size() &&
           std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      next();
    }
  }

  void separator() {
    blank();
    if (text_[at_] == ',') next();
    blank();
  }

  std::string string() {
    const std::size_t from = at_;
    next();
    while (text_[at_] != '"') {
      if (text_[at_] == '\\') next();
      next();
    }
    next();
    return Json::parse(text_.substr(from, at_ - from)).get<std::string>();
  }

  void value(const std::string& pointer) {
    source_.values[pointer] = mark_;
    if (text_[at_] == '{') {
      object(pointer);
    } else if (text_[at_] == '[') {
      array(pointer);
    } else if (text_[at_] == '"') {
      string();
    } else {
      while (at_ < text_.size() &&
             std::string_view(",]} \t\r\n").find(text_[at_]) == std::string_view::npos) {
        next();
      }
    }
  }

  void object(const std::string& pointer) {
    std::set<std::string> seen;
    next();
    blank();
    while (text_[at_] != '}') {
      const Mark mark = mark_;
      const std::string key = string();
      if (!seen.insert(key).second)
        report_.add(mark, fmt::format("the key \"{}\" stands twice", key));
      const std::string child = pointer + "/" + schema::escape_token(key);
      source_.keys[child] = mark;
      blank();
      next();  // the colon
      blank();
      value(child);
      separator();
    }
    next();
  }

  void array(const std::string& pointer) {
    next();
    blank();
    for (int i = 0; text_[at_] != ']'; ++i) {
      value(fmt::format("{}/{}", pointer, i));
      separator();
    }
    next();
  }

  std::string_view text_;
  SourceText& source_;
  Report& report_;
  std::size_t at_ = 0;
  Mark mark_;
};

}  // namespace

void Report::add(Mark mark, std::string message) {
  entries_.push_back({mark, std::move(message)});
}

void Report::throw_if_any() const {
  if (entries_.empty()) return;
  auto sorted = entries_;
  std::sort(sorted.begin(), sorted.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.mark.line, a.mark.column, a.message) <
           std::tie(b.mark.line, b.mark.column, b.message);
  });
  std::string text;
  for (std::size_t i = 0; i < sorted.size() && i < max_shown; ++i) {
    const auto& [mark, message] = sorted[i];
    text +=
        fmt::format("{}{}:{}:{}: {}", i == 0 ? "" : "\n", file_, mark.line, mark.column, message);
  }
  if (sorted.size() > max_shown) text += fmt::format("\nand {} more", sorted.size() - max_shown);
  throw Failure(Code::invalid, text, "docs/runbooks.md lists every key of a runbook.");
}

Mark SourceText::value_mark(std::string pointer) const {
  while (true) {
    if (const auto found = values.find(pointer); found != values.end()) return found->second;
    if (pointer.empty()) return {};
    pointer.resize(pointer.rfind('/') == std::string::npos ? 0 : pointer.rfind('/'));
  }
}

Mark SourceText::key_mark(const std::string& pointer) const {
  const auto found = keys.find(pointer);
  return found == keys.end() ? value_mark(pointer) : found->second;
}

void mark_json(std::string_view text, SourceText& source, Report& report) {
  JsonMarker(text, source, report).run();
}

}  // namespace opsroom::runbook
