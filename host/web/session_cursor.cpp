#include "web/session_cursor.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace opsroom::web {
namespace {

constexpr std::size_t text_limit = 12 * 1024;
/// Ended runs that stay listed above the floor.
constexpr std::size_t kept_completed = 16;
constexpr std::size_t most_runs = 100'000;

[[noreturn]] void garbage() {
  throw Failure(
      Code::invalid,
      "the stream cursor is not one this server gave out",
      "Resume with the id of the last event, or start without one."
  );
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// A number as we write it: no sign, no leading zero, unless it is 0.
std::int64_t take_number(std::string_view& text, std::int64_t lowest) {
  std::int64_t value = 0;
  const bool digit = !text.empty() && text.front() >= '0' && text.front() <= '9';
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (!digit || error != std::errc{} || value < lowest) garbage();
  if (text.front() == '0' && length > 1) garbage();
  if (value == std::numeric_limits<std::int64_t>::max()) garbage();
  text.remove_prefix(length);
  return value;
}

}  // namespace

SessionCursor SessionCursor::parse(std::string_view text) {
  if (text.size() > text_limit || !take(text, 'f')) garbage();
  SessionCursor cursor;
  cursor.floor_ = RunId{take_number(text, 0)};
  std::int64_t previous = cursor.floor_.value;
  while (!text.empty()) {
    if (!take(text, ';')) garbage();
    const auto first = take_number(text, previous + 1);
    const auto last = take(text, '-') ? take_number(text, first + 1) : first;
    if (!take(text, ':')) garbage();
    const auto seq = take_number(text, 1);
    if (last - first >= static_cast<std::int64_t>(most_runs - cursor.runs_.size())) garbage();
    for (auto run = first; run <= last; ++run)
      cursor.runs_[RunId{run}] = Entry{seq, false};
    previous = last;
  }
  return cursor;
}

std::string SessionCursor::text() const {
  if (runs_.size() > most_runs) return {};
  std::string out = fmt::format("f{}", floor_);
  auto entry = runs_.begin();
  while (entry != runs_.end()) {
    if (entry->second.seq == 0) {
      ++entry;
      continue;
    }
    auto last = entry;
    for (auto next = std::next(last); next != runs_.end(); last = next++) {
      if (next->second.seq != entry->second.seq) break;
      if (next->first.value != last->first.value + 1) break;
    }
    fmt::format_to(std::back_inserter(out), ";{}", entry->first);
    if (last != entry) fmt::format_to(std::back_inserter(out), "-{}", last->first);
    fmt::format_to(std::back_inserter(out), ":{}", entry->second.seq);
    if (out.size() > text_limit) return {};
    entry = std::next(last);
  }
  return out;
}

std::int64_t SessionCursor::position(RunId run) const {
  const auto found = runs_.find(run);
  if (found != runs_.end()) return found->second.seq;
  return below_floor(run) ? std::numeric_limits<std::int64_t>::max() : 0;
}

bool SessionCursor::below_floor(RunId run) const {
  return run <= floor_;
}

bool SessionCursor::unknown(RunId run) const {
  return !below_floor(run) && runs_.find(run) == runs_.end();
}

void SessionCursor::know(RunId run) {
  if (!below_floor(run)) runs_.try_emplace(run);
}

void SessionCursor::advance(RunId run, std::int64_t seq) {
  if (!below_floor(run)) runs_[run].seq = seq;
}

void SessionCursor::complete(RunId run) {
  const auto found = runs_.find(run);
  if (found == runs_.end() || found->second.complete) return;
  found->second.complete = true;
  ++completed_;
  raise_floor();
}

void SessionCursor::raise_floor() {
  while (completed_ > kept_completed && runs_.begin()->second.complete) {
    floor_ = runs_.begin()->first;
    runs_.erase(runs_.begin());
    --completed_;
  }
}

}  // namespace opsroom::web
