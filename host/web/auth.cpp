#include "web/auth.hpp"

#include "base/digest.hpp"
#include "web/errors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::web {
namespace {

constexpr std::size_t secret_limit = 256;
constexpr std::size_t sources_limit = 1024;
constexpr auto try_window = std::chrono::minutes(1);

Failure no_credential() {
  return Failure(
      Code::unauthorized,
      "this needs a credential",
      "Send 'Authorization: Bearer <token>', or open the link that 'opsroom up' prints."
  );
}

Failure bad_credential() {
  return Failure(
      Code::unauthorized,
      "the credential is unknown, expired or revoked",
      "Ask for a new one; in a browser, open a fresh link of 'opsroom up'."
  );
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

/// "[::1]:7070" → {"[::1]", "7070"}; the port is empty when not given.
std::pair<std::string, std::string> split_host(std::string_view host) {
  const auto colon = host.rfind(':');
  const auto bracket = host.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket)) {
    return {lower(host), ""};
  }
  return {lower(host.substr(0, colon)), std::string(host.substr(colon + 1))};
}

/// Cookies travel from every page of this site, so they prove nothing alone.
void check_browser_proof(const Request& request, const Identity& identity) {
  const auto site = request.headers.find("Sec-Fetch-Site");
  if (site && *site != "same-origin" && (request.unsafe() || *site != "none")) {
    throw Failure(Code::forbidden, "the request comes from another site");
  }
  if (!request.unsafe()) return;
  if (!request.headers.find("Origin")) {
    throw Failure(
        Code::forbidden, "a browser session needs an Origin header", "Scripts use a bearer token."
    );
  }
  const auto proof = request.headers.find("X-Opsroom-CSRF");
  if (!proof || identity.csrf_sha256.empty() ||
      !equal_constant_time(sha256_hex(*proof), identity.csrf_sha256)) {
    throw Failure(
        Code::forbidden,
        "the X-Opsroom-CSRF header is missing or wrong",
        "Reload the page; if that does not help, log in again."
    );
  }
}

}  // namespace

bool may(std::string_view role, Access access) {
  const bool admin = role == "admin";
  const bool worker = role == "worker";
  switch (access) {
    case Access::open:
      return true;
    case Access::identity:
    case Access::worker:
      return admin || worker;
    case Access::admin:
      return admin;
  }
  return false;
}

Guard::Guard(
    Credentials& credentials, std::string listen_address, std::vector<std::string> allow_hosts
)
    : credentials_(credentials),
      listen_address_(std::move(listen_address)),
      allow_hosts_(std::move(allow_hosts)) {
  if (listen_address_.find(':') != std::string::npos) listen_address_ = '[' + listen_address_ + ']';
  for (std::string& host : allow_hosts_)
    host = lower(host);
}

bool Guard::host_is_ours(std::string_view host, std::uint16_t port) const {
  const auto [name, given_port] = split_host(host);
  const bool loopback = name == "127.0.0.1" || name == "localhost" || name == "[::1]";
  if (loopback || name == listen_address_) {
    return given_port == std::to_string(port) || (given_port.empty() && port == 80);
  }
  return std::any_of(allow_hosts_.begin(), allow_hosts_.end(), [&](const std::string& allowed) {
    return allowed == name || allowed == lower(host);
  });
}

void Guard::check_origin(const Request& request) const {
  const auto host = request.headers.find("Host").value_or("");
  if (!host_is_ours(host, request.local_port)) {
    throw Refusal(
        421,
        Code::forbidden,
        fmt::format("this server does not answer for the host '{}'", host),
        "Use 127.0.0.1 or localhost with the port, or start it with --allow-host."
    );
  }
  const auto origin = request.headers.find("Origin");
  if (!origin) return;
  const std::string given = lower(*origin);
  if (request.headers.count("Origin") > 1 ||
      (given != "http://" + lower(host) && given != "https://" + lower(host))) {
    throw Failure(Code::forbidden, "the request comes from another origin");
  }
}

Task<std::optional<Caller>> Guard::admit(Request head, Access access) const {
  if (access == Access::open) co_return std::nullopt;
  auto identifying = identify(std::move(head));
  Caller caller = co_await std::move(identifying);
  if (!may(caller.identity.role, access)) {
    throw Failure(
        Code::forbidden,
        fmt::format("the role '{}' may not do this", caller.identity.role),
        access == Access::admin ? "Use an admin's credential." : "Use a worker's credential."
    );
  }
  co_return std::optional<Caller>(std::move(caller));
}

Task<Caller> Guard::identify(Request head) const {
  const auto authorization = head.headers.find("Authorization");
  if (authorization) {
    if (head.headers.count("Authorization") > 1) throw bad_credential();
    auto lookup = by_token(std::string(*authorization));
    co_return co_await std::move(lookup);
  }
  auto lookup = by_cookie(std::move(head));
  co_return co_await std::move(lookup);
}

Task<Caller> Guard::by_token(std::string authorization) const {
  const auto space = authorization.find(' ');
  if (space == std::string::npos || lower(authorization.substr(0, space)) != "bearer") {
    throw bad_credential();
  }
  const std::string token = authorization.substr(authorization.find_first_not_of(' ', space));
  if (token.empty() || token.size() > secret_limit) throw bad_credential();
  const std::string hash = sha256_hex(token);
  auto identity = co_await credentials_.find("token", hash);
  if (!identity) throw bad_credential();
  co_return Caller{std::move(*identity), "token", hash};
}

Task<Caller> Guard::by_cookie(Request head) const {
  const auto session = cookie(head, session_cookie_name(head.local_port));
  if (!session || session->empty()) throw no_credential();
  if (session->size() > secret_limit) throw bad_credential();
  const std::string hash = sha256_hex(*session);
  auto identity = co_await credentials_.find("browser", hash);
  if (!identity) throw bad_credential();
  check_browser_proof(head, *identity);
  co_return Caller{std::move(*identity), "browser", hash};
}

Task<bool> Guard::still_valid(Caller caller) const {
  const auto identity = co_await credentials_.find(caller.kind, caller.sha256);
  co_return identity.has_value();
}

std::string session_cookie_name(std::uint16_t port) {
  return fmt::format("opsroom_session_{}", port);
}

std::optional<std::string> cookie(const Request& request, std::string_view name) {
  for (const auto& field : request.headers.fields()) {
    if (lower(field.name) != "cookie") continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(';'), rest.size());
      std::string_view pair = rest.substr(0, end);
      rest.remove_prefix(std::min(end + 1, rest.size()));
      while (!pair.empty() && pair.front() == ' ')
        pair.remove_prefix(1);
      const auto equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
        return std::string(pair.substr(equals + 1));
      }
    }
  }
  return std::nullopt;
}

void TryLimit::forget_old(Clock::time_point now) {
  for (auto entry = tries_.begin(); entry != tries_.end();) {
    auto& times = entry->second;
    while (!times.empty() && now - times.front() > try_window)
      times.pop_front();
    entry = times.empty() ? tries_.erase(entry) : std::next(entry);
  }
}

void TryLimit::count(const std::string& source) {
  const auto now = Clock::now();
  forget_old(now);
  const bool new_source = tries_.find(source) == tries_.end();
  const bool full = new_source && tries_.size() >= sources_limit;
  if (full || (!new_source && tries_[source].size() >= per_minute_)) {
    throw Refusal(
        429,
        Code::exhausted,
        "too many attempts",
        "Wait a minute and try again.",
        Headers{{"Retry-After", "60"}}
    );
  }
  tries_[source].push_back(now);
}

}  // namespace opsroom::web
