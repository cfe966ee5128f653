#include "base/digest.hpp"
#include "base/failure.hpp"
#include "web/parameters.hpp"
#include "web/reply.hpp"
#include "web/server.hpp"
#include "web/services.hpp"

#include <fmt/format.h>

namespace opsroom::web {
namespace {

constexpr auto session_lifetime = std::chrono::hours(24 * 7);
constexpr std::size_t tries_per_minute = 10;
constexpr std::size_t secret_bytes = 32;

std::string session_cookie(std::uint16_t port, const std::string& value, long seconds) {
  return fmt::format(
      "{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age={}",
      session_cookie_name(port),
      value,
      seconds
  );
}

/// A login is a request of our own page or of a script, never of another site.
void refuse_foreign_page(const Request& request) {
  const auto site = request.headers.find("Sec-Fetch-Site");
  if (site && *site != "same-origin") {
    throw Failure(Code::forbidden, "the login comes from another site");
  }
}

Json who(const Identity& identity) {
  return {{"name", identity.name}, {"role", identity.role}};
}

Task<Response> login(const Services& services, std::shared_ptr<TryLimit> limit, Call call) {
  refuse_foreign_page(call.request);
  limit->count(call.request.peer);
  const Json body = object_body(call.request, {"code"});
  const std::string code = normalised_login_code(body_text(body, "code", 256));
  auto identity = co_await services.credentials.redeem_login(sha256_hex(code));
  if (!identity) {
    throw Failure(
        Code::unauthorized,
        "the code is unknown, used or expired",
        "Each link works once and for a short time: print a new one."
    );
  }
  const std::string secret = random_hex(secret_bytes);
  const std::string csrf = random_hex(secret_bytes);
  identity->csrf_sha256 = sha256_hex(csrf);
  co_await services.credentials.add("browser", sha256_hex(secret), *identity, session_lifetime);
  Json answer = who(*identity);
  answer["csrf"] = csrf;
  Response response = json_response(answer);
  const std::chrono::seconds lifetime = session_lifetime;
  response.headers.add(
      "Set-Cookie", session_cookie(call.request.local_port, secret, lifetime.count())
  );
  co_return response;
}

Task<Response> logout(const Services& services, Call call) {
  if (call.caller->kind != "browser") {
    throw Failure(Code::conflict, "only a browser session can be logged out");
  }
  co_await services.credentials.revoke("browser", call.caller->sha256);
  Response response = json_response(Json::object());
  response.headers.add("Set-Cookie", session_cookie(call.request.local_port, "", 0));
  co_return response;
}

Task<Response> me(Call call) {
  Json answer = who(call.caller->identity);
  answer["version"] = OPSROOM_VERSION;
  co_return json_response(answer);
}

}  // namespace

std::string normalised_login_code(std::string_view code) {
  std::string out;
  for (const char c : code) {
    if (c == '-' || c == ' ') continue;
    out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

void add_login_routes(Router& router, const Services& services) {
  auto limit = std::make_shared<TryLimit>(tries_per_minute);
  router.add("POST", "/api/login", Access::open, [&services, limit](Call call) {
    return login(services, limit, std::move(call));
  });
  router.add("POST", "/api/logout", Access::identity, [&services](Call call) {
    return logout(services, std::move(call));
  });
  router.add("GET", "/api/me", Access::identity, [](Call call) { return me(std::move(call)); });
}

}  // namespace opsroom::web
