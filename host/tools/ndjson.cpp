#include "tools/ndjson.hpp"

#include <algorithm>
#include <utility>

namespace opsroom::tools {
namespace {

constexpr std::size_t excerpt = 1024;
// Room behind the text that the parser may read: so that it need not copy a large message.
constexpr std::size_t parser_padding = 64;
// The most that is made ready for a line that does not come in one piece.
constexpr std::size_t most_expected = 4u << 20;
// Most answers are short, and about as long as the last ones.
constexpr std::size_t most_blanks = 64;
constexpr std::size_t longest_blank = 4u << 10;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

}  // namespace

void NdjsonSplitter::feed(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const bool whole = end != std::string_view::npos;
    const std::string_view part = bytes.substr(0, end);
    if (line_.empty() && !oversize_) {
      if (line_.capacity() < parser_padding && !blanks_.empty()) {
        line_.swap(blanks_.back());
        blanks_.pop_back();
      }
      line_.reserve((whole ? part.size() : expected_) + parser_padding);
    }
    append(part);
    if (!whole) {
      long_ = true;
      return;
    }
    end_line();
    bytes.remove_prefix(end + 1);
  }
}

std::optional<Incoming> NdjsonSplitter::next() {
  if (ready_.empty()) return std::nullopt;
  Incoming message = std::move(ready_.front());
  ready_.pop_front();
  return message;
}

void NdjsonSplitter::take_back(std::string text) {
  if (blanks_.size() == most_blanks || text.capacity() > longest_blank) return;
  text.clear();
  blanks_.push_back(std::move(text));
}

void NdjsonSplitter::finish() {
  if (!line_.empty() || oversize_) end_line();
}

void NdjsonSplitter::append(std::string_view part) {
  if (oversize_) {
    tail_ += part.substr(part.size() - std::min(part.size(), excerpt));
    if (tail_.size() > excerpt) tail_.erase(0, tail_.size() - excerpt);
    return;
  }
  line_ += part;
  if (line_.size() <= limit_) return;
  oversize_ = true;
  tail_ = line_.substr(line_.size() - std::min(line_.size(), excerpt));
  ready_.push_back({Incoming::Kind::oversize, line_.substr(0, excerpt)});
  line_ = std::string();
}

void NdjsonSplitter::end_line() {
  // Who sends long lines sends more of them: the next one need not grow step by step.
  if (std::exchange(long_, false)) expected_ = std::min(line_.size(), most_expected);
  if (oversize_) {
    ready_.push_back({Incoming::Kind::oversize_end, std::exchange(tail_, {})});
    oversize_ = false;
    return;
  }
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  if (first_ && line_.starts_with(byte_order_mark)) line_.erase(0, byte_order_mark.size());
  if (line_.empty()) return;
  first_ = false;
  line_.reserve(line_.size() + parser_padding);
  ready_.push_back({Incoming::Kind::message, std::exchange(line_, {})});
}

}  // namespace opsroom::tools
