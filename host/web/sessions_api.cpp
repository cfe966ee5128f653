#include "base/failure.hpp"
#include "model/to_json.hpp"
#include "web/diff_json.hpp"
#include "web/parameters.hpp"
#include "web/reply.hpp"
#include "web/services.hpp"

#include <fmt/format.h>

#include <map>

namespace opsroom::web {
namespace {

constexpr int sessions_by_default = 50;
constexpr std::size_t title_limit = 200;
constexpr std::size_t text_limit = 4096;

struct LaneView {
  std::optional<Run> run;
  int queued = 0;
};

/// The run to show in a lane is the one that holds it, else the newest.
bool shows_better(const Run& candidate, const Run& shown) {
  if (is_active(candidate.status) != is_active(shown.status)) return is_active(candidate.status);
  return candidate.id > shown.id;
}

bool waits_its_turn(const Run& run) {
  return run.status == RunStatus::scheduled || run.status == RunStatus::blocked ||
         run.status == RunStatus::queued;
}

std::map<std::string, LaneView> lanes_of(const std::vector<std::pair<Run, std::int64_t>>& heads) {
  std::map<std::string, LaneView> lanes{{"A", {}}, {"B", {}}, {"C", {}}, {"D", {}}};
  for (const auto& [run, last_seq] : heads) {
    LaneView& lane = lanes[run.lane];
    if (waits_its_turn(run)) ++lane.queued;
    if (!lane.run || shows_better(run, *lane.run)) lane.run = run;
  }
  for (auto& [name, lane] : lanes) {
    if (lane.run && waits_its_turn(*lane.run)) --lane.queued;
  }
  return lanes;
}

Task<Response> list(const Services& services, Call call) {
  const int limit = limit_parameter(call.request, sessions_by_default);
  const auto sessions = co_await services.ledger.sessions(limit);
  co_return json_response(Json{{"sessions", to_json_array(sessions)}});
}

Task<Response> create(const Services& services, Call call) {
  const Json body = object_body(call.request, {"title", "intent", "repository", "base"});
  NewSession session;
  session.title = body_text(body, "title", title_limit);
  session.intent = body_text_or(body, "intent", "", text_limit);
  session.repository = body_text_or(body, "repository", "", text_limit);
  session.base = body_text_or(body, "base", "", text_limit);
  const Session created = co_await services.ledger.create_session(session);
  co_return json_response(to_json(created), 201);
}

Task<Response> show(const Services& services, Call call) {
  const auto id = id_at<SessionId>(call, "id", "session");
  const Session session = co_await services.ledger.session(id);
  const auto heads = co_await services.ledger.heads(id);
  Json body = to_json(session);
  body["lanes"] = Json::array();
  for (const auto& [name, lane] : lanes_of(heads)) {
    Json view = {{"lane", name}, {"run", Json()}, {"queued", lane.queued}};
    if (lane.run) view["run"] = to_json(*lane.run);
    body["lanes"].push_back(std::move(view));
  }
  co_return json_response(body);
}

Task<Response> lane_diff(const Services& services, Call call) {
  const auto id = id_at<SessionId>(call, "id", "session");
  const std::string lane = call.at("lane");
  co_await services.ledger.session(id);
  const auto artifact = co_await services.ledger.latest_diff(id, lane);
  if (!artifact) {
    throw Failure(Code::not_found, fmt::format("lane {} of session {} has no diff yet", lane, id));
  }
  auto reading = read_diff(services, *artifact);
  co_return json_response(co_await std::move(reading));
}

}  // namespace

void add_session_routes(Router& router, const Services& services) {
  router.add("GET", "/api/sessions", Access::identity, [&services](Call call) {
    return list(services, std::move(call));
  });
  router.add("POST", "/api/sessions", Access::admin, [&services](Call call) {
    return create(services, std::move(call));
  });
  router.add("GET", "/api/sessions/{id}", Access::identity, [&services](Call call) {
    return show(services, std::move(call));
  });
  router.add(
      "GET",
      "/api/sessions/{id}/lanes/{lane}/diff",
      Access::identity,
      [&services](Call call) { return lane_diff(services, std::move(call)); }
  );
}

}  // namespace opsroom::web
