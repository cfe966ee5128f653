#include "store/pg_failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace opsroom::store {
namespace {

constexpr std::string_view unreachable_hint =
    "Start PostgreSQL, or correct DATABASE_URL if it names the wrong place.";

std::string trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1));
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool starts(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

/// One line, so that it fits into a sentence.
std::string flat(std::string_view text) {
  std::string out = trimmed(text);
  std::string result;
  for (const char c : out) {
    if (c == '\n' || c == '\t') {
      if (!result.empty() && result.back() != ' ') result += ' ';
    } else {
      result += c;
    }
  }
  return result;
}

}  // namespace

ServerMessage parse_server_message(std::string_view text) {
  ServerMessage parsed;
  std::string* part = &parsed.message;
  std::string ignored;
  for (bool first = true; !text.empty(); first = false) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto take = [&](std::string_view label, std::string* target) {
      if (!starts(line, label)) return;
      line.remove_prefix(label.size());
      part = target;
    };
    if (first) {
      for (const std::string_view label : {"ERROR:", "FATAL:", "PANIC:"})
        take(label, part);
    } else {
      take("DETAIL:", &parsed.detail);
      take("HINT:", &parsed.hint);
      take("CONTEXT:", &ignored);
      take("LINE ", &ignored);
    }
    if (!part->empty()) *part += ' ';
    *part += trimmed(line);
  }
  parsed.message = trimmed(parsed.message);
  parsed.detail = trimmed(parsed.detail);
  parsed.hint = trimmed(parsed.hint);
  return parsed;
}

long lost_run(std::string_view sqlstate, std::string_view text) {
  if (sqlstate != "OP001") return 0;
  const std::string detail = parse_server_message(text).detail;
  long run = 0;
  std::from_chars(detail.data(), detail.data() + detail.size(), run);
  return run;
}

Failure sql_failure(std::string_view sqlstate, std::string_view text, const std::string& place) {
  const ServerMessage said = parse_server_message(text);
  const auto about = [&](std::string_view what) {
    return fmt::format("{}: {}: {}", place, what, said.message);
  };
  if (sqlstate == "OP004") return Failure(Code::not_found, said.message, said.hint);
  if (sqlstate == "OP005" || sqlstate == "OP003") {
    return Failure(Code::conflict, said.message, said.hint);
  }
  if (sqlstate == "OP006") return Failure(Code::invalid, said.message, said.hint);
  if (sqlstate == "OP002") return Failure(Code::internal, said.message, said.hint);
  if (sqlstate == "42P01" || sqlstate == "42883" || sqlstate == "3F000" || sqlstate == "42703") {
    return Failure(
        Code::unavailable,
        fmt::format("{} is not migrated: {}", place, said.message),
        "Run `opsroom migrate up`."
    );
  }
  if (sqlstate == "42501") {
    return Failure(
        Code::forbidden, about("permission denied"), "docs/operations.md lists the grants."
    );
  }
  if (sqlstate == "53100") {
    return Failure(
        Code::exhausted, about("its disk is full"), "Free space on the database server.", true
    );
  }
  if (starts(sqlstate, "53") || starts(sqlstate, "54")) {
    return Failure(
        Code::exhausted,
        about("out of resources"),
        "See the database server's log.",
        starts(sqlstate, "53")
    );
  }
  if (sqlstate == "25006") {
    return Failure(
        Code::unavailable,
        about("it is read-only"),
        "Point DATABASE_URL at the primary server.",
        true
    );
  }
  if (sqlstate == "57014" || sqlstate == "55P03") {
    return Failure(
        Code::timeout, about("too slow"), "Look for long transactions in pg_stat_activity.", true
    );
  }
  if (may_run_again(sqlstate)) {
    return Failure(Code::unavailable, about("too many conflicts"), "Try again.", true);
  }
  if (ends_session(sqlstate)) {
    return Failure(Code::unavailable, about("gone"), std::string(unreachable_hint), true);
  }
  if (starts(sqlstate, "22")) return Failure(Code::invalid, said.message, said.hint);
  return Failure(
      Code::internal, fmt::format("{}: {} (SQLSTATE {})", place, said.message, sqlstate), said.hint
  );
}

Failure connect_failure(std::string_view text, const std::string& place) {
  const std::string reason = flat(text);
  if (contains(reason, "password authentication failed") ||
      contains(reason, "no password supplied") || contains(reason, "no pg_hba.conf entry") ||
      contains(reason, "authentication failed")) {
    return Failure(
        Code::unavailable,
        fmt::format("{} refuses the login: {}", place, reason),
        "Correct user and password in DATABASE_URL, or the server's pg_hba.conf."
    );
  }
  if (contains(reason, "database \"") && contains(reason, "does not exist")) {
    return Failure(
        Code::unavailable,
        fmt::format("{} does not exist", place),
        "Create it with `createdb`, or correct DATABASE_URL."
    );
  }
  if (contains(reason, "role \"") && contains(reason, "does not exist")) {
    return Failure(
        Code::unavailable,
        fmt::format("{} does not know the user: {}", place, reason),
        "Create the role with `createuser`, or correct DATABASE_URL."
    );
  }
  if (contains(reason, "too many clients") || contains(reason, "remaining connection slots")) {
    return Failure(
        Code::unavailable,
        fmt::format("{} has no free connection: {}", place, reason),
        "Raise max_connections, or put a pooler in front.",
        true
    );
  }
  return Failure(
      Code::unavailable,
      fmt::format("{} cannot be reached: {}", place, reason),
      std::string(unreachable_hint),
      true
  );
}

Failure broken_failure(const std::string& place) {
  return Failure(
      Code::unavailable,
      fmt::format("the connection to {} broke", place),
      std::string(unreachable_hint),
      true
  );
}

Failure in_doubt_failure(const std::string& place) {
  return Failure(
      Code::unavailable,
      fmt::format("the connection to {} broke while committing; the outcome is not known", place),
      "Look before repeating what cannot be repeated.",
      true
  );
}

bool ends_session(std::string_view sqlstate) {
  return starts(sqlstate, "57P") || starts(sqlstate, "08") || sqlstate == "25P03";
}

bool may_run_again(std::string_view sqlstate) {
  return sqlstate == "40001" || sqlstate == "40P01";
}

}  // namespace opsroom::store
