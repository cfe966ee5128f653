#include "base/failure.hpp"
#include "model/to_json.hpp"
#include "web/answering.hpp"
#include "web/parameters.hpp"
#include "web/reply.hpp"
#include "web/services.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::web {
namespace {

constexpr int runs_by_default = 50;
constexpr int events_by_default = 500;
constexpr int log_page = 500;
constexpr std::size_t decision_limit = 32;

RunId run_id(const Call& call) {
  return id_at<RunId>(call, "id", "run");
}

Task<Response> list(const Services& services, Call call) {
  RunFilter filter;
  if (const auto id = id_parameter(call.request, "session")) filter.session = SessionId{*id};
  if (const auto id = id_parameter(call.request, "before")) filter.before = RunId{*id};
  if (auto lane = call.request.parameter("lane")) filter.lane = lane_name(std::move(*lane));
  if (const auto status = call.request.parameter("status")) filter.status = run_status(*status);
  filter.limit = limit_parameter(call.request, runs_by_default);
  const auto runs = co_await services.ledger.runs(filter);
  co_return json_response(Json{{"runs", to_json_array(runs)}});
}

Task<Response> show(const Services& services, Call call) {
  const RunId id = run_id(call);
  const Run run = co_await services.ledger.run(id);
  const auto steps = co_await services.ledger.steps(id);
  Json body = to_json(run);
  body["steps"] = to_json_array(steps);
  body["questions"] = Json::array();
  if (run.status == RunStatus::waiting) {
    const auto open = co_await services.ledger.inputs(id, true);
    body["questions"] = to_json_array(open);
  }
  co_return json_response(body);
}

Task<Response> steps(const Services& services, Call call) {
  const RunId id = run_id(call);
  co_await services.ledger.run(id);
  const auto rows = co_await services.ledger.steps(id);
  co_return json_response(Json{{"steps", to_json_array(rows)}});
}

Task<Response> cancel(const Services& services, Call call) {
  object_body(call.request, {});
  const Run run = co_await services.ledger.cancel(run_id(call), call.who());
  co_return json_response(to_json(run));
}

Task<Response> answer(const Services& services, Call call) {
  const Json body = object_body(call.request, {"decision", "action", "content"});
  const RunId id = run_id(call);
  if (body.contains("action")) {
    if (body.contains("decision")) {
      throw Failure(Code::invalid, "'decision' and 'action' are both given", "Give one of them.");
    }
    co_await services.ledger.run(id);
    auto answering = answer_only_question(services, id, read_reply(body), call.who());
    co_await std::move(answering);
    const Run answered = co_await services.ledger.run(id);
    co_return json_response(to_json(answered));
  }
  const std::string decision = body_text(body, "decision", decision_limit);
  if (decision != "retry" && decision != "skip" && decision != "fail") {
    throw Failure(
        Code::invalid, fmt::format("'{}' is not a decision", decision), "Say retry, skip or fail."
    );
  }
  const Run run = co_await services.ledger.answer(id, decision, call.who());
  co_return json_response(to_json(run));
}

Task<Response> events(const Services& services, Call call) {
  const RunId id = run_id(call);
  const auto after = number_parameter(call.request, "after", 0);
  const int limit = limit_parameter(call.request, events_by_default);
  co_await services.ledger.run(id);
  const auto rows = co_await services.ledger.events(id, after, limit);
  Json list = Json::array();
  std::int64_t last_seq = after;
  for (const Event& event : rows) {
    last_seq = std::max(last_seq, event.last_seq());
    list.push_back(to_json(tail_after(event, after)));
  }
  co_return json_response(Json{{"events", std::move(list)}, {"last_seq", last_seq}});
}

/// Not asked whether the run is there: the audit log outlives it.
Task<Response> audit(const Services& services, Call call) {
  const auto entries = co_await services.ledger.audit(run_id(call));
  co_return json_response(Json{{"audit", to_json_array(entries)}});
}

std::string log_lines(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events) {
    for (const std::string& line : event.lines)
      text += line + '\n';
  }
  return text;
}

/// A long log goes out page by page, so its size never matters here.
Task<> write_log(const Services& services, RunId id, std::vector<Event> page, StreamWriter& out) {
  while (!page.empty()) {
    const std::int64_t after = page.back().last_seq();
    const bool written = co_await out.write(log_lines(page));
    if (!written) co_return;
    page = co_await services.ledger.events(id, after, log_page);
  }
}

Task<Response> log(const Services& services, Call call) {
  const RunId id = run_id(call);
  co_await services.ledger.run(id);
  auto first = co_await services.ledger.events(id, 0, log_page);
  Response response = text_response("", "text/plain; charset=utf-8");
  if (call.request.method != "HEAD") {
    response.stream = [&services, id, first = std::move(first)](StreamWriter& out) {
      return write_log(services, id, first, out);
    };
  }
  co_return response;
}

}  // namespace

void add_run_routes(Router& router, const Services& services) {
  const auto get = [&](std::string pattern, Task<Response> (*handler)(const Services&, Call)) {
    router.add("GET", std::move(pattern), Access::identity, [&services, handler](Call call) {
      return handler(services, std::move(call));
    });
  };
  const auto post = [&](std::string pattern, Task<Response> (*handler)(const Services&, Call)) {
    router.add("POST", std::move(pattern), Access::admin, [&services, handler](Call call) {
      return handler(services, std::move(call));
    });
  };
  get("/api/runs", list);
  get("/api/runs/{id}", show);
  get("/api/runs/{id}/steps", steps);
  get("/api/runs/{id}/events", events);
  get("/api/runs/{id}/log", log);
  get("/api/runs/{id}/audit", audit);
  post("/api/runs/{id}/cancel", cancel);
  post("/api/runs/{id}/answer", answer);
}

}  // namespace opsroom::web
