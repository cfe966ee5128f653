#pragma once

#include "ports/credentials.hpp"
#include "web/http.hpp"
#include "web/router.hpp"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::web {

/// Decides whether a request may come in at all (Host, Origin) and who it speaks for. Looks every
/// credential up anew, so that a revoked one is dead at once. Lends `credentials`. Io thread only.
class Guard {
 public:
  /// `listen_address` and `allow_hosts` ("name" for any port, or "name:port") may be named by Host
  /// besides the loopback names.
  Guard(Credentials& credentials, std::string listen_address, std::vector<std::string> allow_hosts);

  /// A page of a foreign site can make a browser send anything here, under a name that resolves to
  /// us: so the name must be one of ours (Refusal 421) and the origin the same (403).
  void check_origin(const Request& request) const;

  /// The caller; nullopt on an open route. Failure unauthorized or forbidden. A bearer token makes
  /// cookies irrelevant; a cookie needs the proofs that only our own page can give.
  Task<std::optional<Caller>> admit(Request head, Access access) const;

  /// Still valid? For streams that outlast their credential.
  Task<bool> still_valid(Caller caller) const;

 private:
  bool host_is_ours(std::string_view host, std::uint16_t port) const;
  Task<Caller> identify(Request head) const;
  Task<Caller> by_token(std::string authorization) const;
  Task<Caller> by_cookie(Request head) const;

  Credentials& credentials_;
  std::string listen_address_;
  std::vector<std::string> allow_hosts_;
};

/// The name of the browser session's cookie. Cookies are shared by all ports of a host: without the
/// port in the name two control rooms on one machine would log each other's people out.
std::string session_cookie_name(std::uint16_t port);
/// The value of a cookie in the request.
std::optional<std::string> cookie(const Request& request, std::string_view name);

/// At most so many tries a minute from one source; the next is Refusal 429. Guessing a code of 2^40
/// is hopeless then, and a person never meets it.
class TryLimit {
 public:
  explicit TryLimit(std::size_t per_minute) : per_minute_(per_minute) {}
  void count(const std::string& source);

 private:
  void forget_old(Clock::time_point now);

  std::size_t per_minute_;
  std::map<std::string, std::deque<Clock::time_point>> tries_;
};

}  // namespace opsroom::web
