#include "base/failure.hpp"
#include "model/input_reply.hpp"
#include "model/to_json.hpp"
#include "web/answering.hpp"
#include "web/parameters.hpp"
#include "web/reply.hpp"
#include "web/services.hpp"

#include <fmt/format.h>

namespace opsroom::web {
namespace {

constexpr std::size_t action_limit = 32;
constexpr Access to_answer = Access::admin;

bool flag_parameter(const Request& request, std::string_view name) {
  const auto text = request.parameter(name);
  if (!text || *text == "0") return false;
  if (*text == "1") return true;
  throw Failure(Code::invalid, fmt::format("{} is '{}'", name, *text), "It is 0 or 1.");
}

/// What people have answered is theirs who may answer: anybody else sees that it was answered, how
/// and by whom.
Json shown_to(const Call& call, const InputRequest& input) {
  Json shown = to_json(input);
  if (!call.caller || !may(call.caller->identity.role, to_answer)) shown["content"] = nullptr;
  return shown;
}

Task<Response> list(const Services& services, Call call) {
  const bool open_only = flag_parameter(call.request, "open");
  std::optional<RunId> run;
  if (const auto id = id_parameter(call.request, "run")) run = RunId{*id};
  if (run) co_await services.ledger.run(*run);  // says so when there is no such run
  const auto inputs = co_await services.ledger.inputs(run, open_only);
  Json shown = Json::array();
  for (const InputRequest& input : inputs)
    shown.push_back(shown_to(call, input));
  co_return json_response(Json{{"inputs", std::move(shown)}});
}

Task<Response> show(const Services& services, Call call) {
  const auto input = co_await services.ledger.input(id_at<InputId>(call, "id", "question"));
  co_return json_response(shown_to(call, input));
}

Task<Response> answer(const Services& services, Call call) {
  const auto id = id_at<InputId>(call, "id", "question");
  const InputReply reply = read_reply(object_body(call.request, {"action", "content"}));
  const auto input = co_await services.ledger.input(id);
  auto storing = answer_question(services, input, reply, call.who());
  const auto answered = co_await std::move(storing);
  co_return json_response(shown_to(call, answered));
}

Failure closed(const InputRequest& input) {
  std::string how = "is closed";
  if (input.reply) {
    how = fmt::format(
        "was answered by {} ({})",
        input.answered_by.value_or("somebody"),
        to_string(input.reply->action)
    );
  } else if (input.expired) {
    how = "has expired: nobody answered in time, or its run has ended";
  }
  return Failure(
      Code::conflict,
      fmt::format("question {} {}", input.id, how),
      fmt::format("GET /api/runs/{} shows how the run went on.", input.run)
  );
}

Failure not_one(RunId run, const std::vector<InputRequest>& open) {
  if (open.empty()) {
    return Failure(
        Code::conflict,
        fmt::format("run {} asks nothing", run),
        "An interrupted step is decided with {\"decision\": \"retry\" | \"skip\" | \"fail\"}."
    );
  }
  std::string ids;
  for (const InputRequest& input : open)
    ids += fmt::format("{}{}", ids.empty() ? "" : ", ", input.id);
  return Failure(
      Code::conflict,
      fmt::format("run {} asks {} questions: {}", run, open.size(), ids),
      "Answer each with POST /api/inputs/{id}/answer."
  );
}

}  // namespace

InputReply read_reply(const Json& body) {
  InputReply reply;
  reply.action = input_action(body_text(body, "action", action_limit));
  const auto content = body.find("content");
  if (content != body.end()) reply.content = *content;
  return reply;
}

Task<InputRequest> answer_question(
    const Services& services, InputRequest input, InputReply reply, std::string who
) {
  if (!input.open()) throw closed(input);
  const auto work = [&input, &reply] { return checked_reply(input.ask, reply); };
  InputReply checked = co_await services.pool.run(work);
  co_return co_await services.ledger.answer_input(input.id, std::move(checked), std::move(who));
}

Task<> answer_only_question(
    const Services& services, RunId run, InputReply reply, std::string who
) {
  auto open = co_await services.ledger.inputs(run, true);
  if (open.size() != 1) throw not_one(run, open);
  auto answering =
      answer_question(services, std::move(open.front()), std::move(reply), std::move(who));
  co_await std::move(answering);
}

void add_input_routes(Router& router, const Services& services) {
  const auto add = [&](std::string method,
                       std::string pattern,
                       Access access,
                       Task<Response> (*handler)(const Services&, Call)) {
    router.add(std::move(method), std::move(pattern), access, [&services, handler](Call call) {
      return handler(services, std::move(call));
    });
  };
  add("GET", "/api/inputs", Access::identity, list);
  add("GET", "/api/inputs/{id}", Access::identity, show);
  add("POST", "/api/inputs/{id}/answer", to_answer, answer);
}

}  // namespace opsroom::web
