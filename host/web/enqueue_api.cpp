#include "base/failure.hpp"
#include "base/text.hpp"
#include "model/to_json.hpp"
#include "model/trace.hpp"
#include "runbook/inputs.hpp"
#include "runbook/plan.hpp"
#include "web/parameters.hpp"
#include "web/reply.hpp"
#include "web/services.hpp"

#include <fmt/format.h>

namespace opsroom::web {
namespace {

constexpr std::int64_t lowest_priority = 32767;
constexpr std::size_t intent_limit = 4096;
constexpr std::size_t name_limit = 200;
constexpr std::size_t definition_limit = 512 * 1024;

/// What the request says to run, before any runbook was read.
struct Wish {
  std::string intent;
  std::string runbook;
  std::string definition;
  Json inputs = Json::object();
};

/// What will run: the plan, and inputs complete and checked.
struct Resolved {
  runbook::Plan plan;
  Json inputs;
};

std::vector<std::string> names(const runbook::Library& library) {
  std::vector<std::string> out;
  for (const runbook::Plan& plan : library.all())
    out.push_back(plan.name);
  return out;
}

Failure no_match(const std::string& intent, const runbook::Library& library) {
  return Failure(
      Code::invalid,
      fmt::format(
          "no runbook matches the intent '{}'; there are: {}", intent, listing(names(library), 20)
      ),
      "Give a runbook's name as the intent or as 'runbook', or declare a pattern under 'intents' "
      "in "
      "a runbook."
  );
}

Resolved resolve(const Wish& wish, const runbook::Library& library) {
  if (!wish.definition.empty()) {
    auto plan = runbook::parse_runbook(wish.definition, "definition");
    Json inputs = runbook::fill_inputs(plan, wish.inputs);
    return {std::move(plan), std::move(inputs)};
  }
  if (!wish.runbook.empty()) {
    auto plan = library.find(wish.runbook);
    Json inputs = runbook::fill_inputs(plan, wish.inputs);
    return {std::move(plan), std::move(inputs)};
  }
  auto match = library.match_intent(wish.intent);
  if (!match) throw no_match(wish.intent, library);
  Json given = match->inputs.is_object() ? match->inputs : Json::object();
  given.update(wish.inputs);  // what was given by name beats what the sentence says
  Json inputs = runbook::fill_inputs(match->plan, given);
  return {std::move(match->plan), std::move(inputs)};
}

Wish read_wish(const Json& body) {
  Wish wish;
  wish.intent = body_text_or(body, "intent", "", intent_limit);
  wish.runbook = body_text_or(body, "runbook", "", name_limit);
  wish.definition = body_text_or(body, "definition", "", definition_limit);
  if (!wish.runbook.empty() && !wish.definition.empty()) {
    throw Failure(Code::invalid, "'runbook' and 'definition' are both given", "Give one of them.");
  }
  if (wish.intent.empty() && wish.runbook.empty() && wish.definition.empty()) {
    throw Failure(
        Code::invalid, "nothing says what to run", "Give 'intent', 'runbook' or 'definition'."
    );
  }
  const auto inputs = body.find("inputs");
  if (inputs != body.end() && !inputs->is_null()) {
    if (!inputs->is_object()) {
      throw Failure(
          Code::invalid, fmt::format("/inputs: expected an object, got {}", json_type(*inputs))
      );
    }
    wish.inputs = *inputs;
  }
  return wish;
}

NewRun read_run(const Json& body) {
  NewRun run;
  run.session = SessionId{body_id(body, "session_id")};
  run.lane = lane_name(string_at(body, "lane", ""));
  const auto priority = integer_or(body, "priority", 100, "");
  if (priority < 0 || priority > lowest_priority) {
    throw Failure(
        Code::invalid,
        fmt::format("/priority: {} is out of range", priority),
        fmt::format("It goes from 0 (first) to {}; the default is 100.", lowest_priority)
    );
  }
  run.priority = static_cast<int>(priority);
  auto key = body_text_or(body, "dedupe_key", "", name_limit);
  if (!key.empty()) run.dedupe_key = std::move(key);
  return run;
}

/// The run and its tools' calls belong to the caller's trace; two parents are none.
void take_trace(const Headers& headers, NewRun& run) {
  const auto parents = headers.all("traceparent");
  if (parents.size() != 1) return;
  const auto parent = trace_parent(parents.front());
  if (!parent) return;
  run.traceparent = to_string(*parent);
  run.tracestate = trace_state(headers.all("tracestate"));
}

Task<Response> enqueue(const Services& services, Call call) {
  const Json body = object_body(
      call.request,
      {"session_id", "lane", "intent", "runbook", "definition", "inputs", "priority", "dedupe_key"}
  );
  NewRun run = read_run(body);
  take_trace(call.request.headers, run);
  const Wish wish = read_wish(body);
  co_await services.ledger.session(run.session);
  const auto work = [&wish, &services] { return resolve(wish, services.library); };
  auto resolved = co_await services.pool.run(work);
  run.who = call.who();
  run.intent = wish.intent;
  run.runbook = resolved.plan.name;
  run.plan = runbook::to_json(resolved.plan);
  run.inputs = std::move(resolved.inputs);
  const Run enqueued = co_await services.ledger.enqueue(run);
  co_return json_response(to_json(enqueued), 201);
}

Json describe(const runbook::Plan& plan) {
  Json steps = Json::array();
  for (const auto& step : plan.steps)
    steps.push_back({{"id", step.id}, {"tool", step.tool}});
  return {
      {"name", plan.name},
      {"description", plan.description},
      {"inputs", plan.inputs},
      {"intents", plan.intents},
      {"steps", std::move(steps)},
  };
}

Task<Response> list_runbooks(const Services& services) {
  const auto work = [&services] {
    Json list = Json::array();
    for (const runbook::Plan& plan : services.library.all())
      list.push_back(describe(plan));
    return list;
  };
  Json list = co_await services.pool.run(work);
  co_return json_response(Json{{"runbooks", std::move(list)}});
}

}  // namespace

void add_enqueue_route(Router& router, const Services& services) {
  router.add("POST", "/run", Access::admin, [&services](Call call) {
    return enqueue(services, std::move(call));
  });
  router.add("GET", "/api/runbooks", Access::identity, [&services](Call) {
    return list_runbooks(services);
  });
}

}  // namespace opsroom::web
