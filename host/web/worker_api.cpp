#include "base/failure.hpp"
#include "base/text.hpp"
#include "model/to_json.hpp"
#include "web/parameters.hpp"
#include "web/reply.hpp"
#include "web/services.hpp"

#include <fmt/format.h>

namespace opsroom::web {
namespace {

constexpr std::size_t name_limit = 200;
constexpr std::size_t token_limit = 200;
constexpr std::size_t text_limit = 64 * 1024;
constexpr std::int64_t most_at_once = 100;
constexpr std::size_t most_claims = 1000;

Json describe(const ClaimedRun& claimed) {
  Json body = to_json(claimed.run);
  body["claim_token"] = claimed.claim.token;
  body["plan"] = claimed.plan;
  body["session"] = to_json(claimed.session);
  body["last_seq"] = claimed.last_seq;
  body["steps"] = to_json_array(claimed.steps);
  // What only a worker may know: how a call that waits goes on.
  for (std::size_t i = 0; i < claimed.steps.size(); ++i)
    body["steps"][i]["resume"] = claimed.steps[i].resume;
  // It hands the answers to the tools that asked.
  body["questions"] = Json::array();
  for (const InputRequest& input : claimed.inputs)
    body["questions"].push_back(to_json_with_secrets(input));
  return body;
}

Task<Response> claim(const Services& services, Call call) {
  const Json body = object_body(call.request, {"worker", "count"});
  const std::string worker = body_text(body, "worker", name_limit);
  const auto count = integer_or(body, "count", 1, "");
  if (count < 1 || count > most_at_once) {
    throw Failure(
        Code::invalid,
        fmt::format("/count: {} is out of range", count),
        fmt::format("It goes from 1 to {}.", most_at_once)
    );
  }
  const auto claimed = co_await services.queue.claim(worker, static_cast<int>(count));
  Json runs = Json::array();
  for (const ClaimedRun& run : claimed)
    runs.push_back(describe(run));
  co_return json_response(Json{{"runs", std::move(runs)}});
}

Claim read_claim(const Json& body) {
  Claim claim;
  claim.run = RunId{body_id(body, "run_id")};
  claim.token = body_text(body, "claim_token", token_limit);
  return claim;
}

std::vector<Claim> read_claims(const Json& body) {
  const Json& list = member(body, "claims", "");
  if (!list.is_array() || list.size() > most_claims) {
    throw Failure(
        Code::invalid, fmt::format("/claims: expected an array of at most {}", most_claims)
    );
  }
  std::vector<Claim> claims;
  for (const Json& entry : list)
    claims.push_back(read_claim(entry));
  return claims;
}

Task<Response> heartbeat(const Services& services, Call call) {
  const Json body = object_body(call.request, {"worker", "claims"});
  const std::string worker = body_text(body, "worker", name_limit);
  const auto beats = co_await services.queue.heartbeat(worker, read_claims(body));
  Json runs = Json::array();
  for (const Beat& beat : beats) {
    runs.push_back({
        {"run_id", beat.run.value},
        {"lost", beat.lost},
        {"cancel_requested", beat.cancel_requested},
    });
  }
  co_return json_response(Json{{"runs", std::move(runs)}});
}

RunEnd read_end(const Json& body) {
  RunEnd end;
  const std::string status = body_text(body, "status", name_limit);
  end.status = run_status(status);
  if (!is_terminal(end.status)) {
    throw Failure(
        Code::invalid,
        fmt::format("/status: a run does not end as '{}'", status),
        "Say succeeded, failed or canceled."
    );
  }
  end.error = body_text_or(body, "error", "", text_limit);
  end.hint = body_text_or(body, "hint", "", text_limit);
  return end;
}

Task<Response> finish(const Services& services, Call call) {
  const Json body = object_body(call.request, {"run_id", "claim_token", "status", "error", "hint"});
  const Claim claim = read_claim(body);
  const RunEnd end = read_end(body);
  std::vector<Event> events;
  co_await services.queue.finish(claim, end, events);
  co_return json_response(Json::object());
}

Task<Response> list_workers(const Services& services) {
  const auto workers = co_await services.ledger.workers();
  Json list = Json::array();
  for (const WorkerInfo& worker : workers) {
    list.push_back({
        {"id", worker.id},
        {"slots", worker.slots},
        {"running", worker.running},
        {"heartbeat_at", worker.heartbeat_at.empty() ? Json() : Json(worker.heartbeat_at)},
        {"alive", worker.alive},
    });
  }
  co_return json_response(Json{{"workers", std::move(list)}});
}

}  // namespace

void add_worker_routes(Router& router, const Services& services) {
  router.add("POST", "/claim", Access::worker, [&services](Call call) {
    return claim(services, std::move(call));
  });
  router.add("POST", "/heartbeat", Access::worker, [&services](Call call) {
    return heartbeat(services, std::move(call));
  });
  router.add("POST", "/finish", Access::worker, [&services](Call call) {
    return finish(services, std::move(call));
  });
  router.add("GET", "/api/workers", Access::identity, [&services](Call) {
    return list_workers(services);
  });
}

}  // namespace opsroom::web
