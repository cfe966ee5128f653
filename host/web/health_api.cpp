#include "web/reply.hpp"
#include "web/services.hpp"

namespace opsroom::web {
namespace {

constexpr auto database_deadline = std::chrono::seconds(2);

Task<bool> database_answers(const Services& services) {
  try {
    auto asking = services.database_ok();
    const auto answer = co_await within(database_deadline, std::move(asking));
    co_return answer.value_or(false);
  } catch (const std::exception&) {
    co_return false;  // why is for the log of whoever asks the database in earnest
  }
}

Task<Response> health(const Services& services, bool strict) {
  const bool ok = co_await database_answers(services);
  Json body = {
      {"status", ok || !strict ? "ok" : "unavailable"},
      {"version", OPSROOM_VERSION},
      {"database", ok ? "ok" : "unreachable"},
  };
  Response response = json_response(body, ok || !strict ? 200 : 503);
  if (response.status == 503) response.headers.add("Retry-After", "2");
  co_return response;
}

}  // namespace

void add_health_routes(Router& router, const Services& services) {
  router.add("GET", "/healthz", Access::open, [&services](Call) {
    return health(services, false);
  });
  router.add("GET", "/readyz", Access::identity, [&services](Call) {
    return health(services, true);
  });
}

}  // namespace opsroom::web
