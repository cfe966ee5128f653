#include "base/failure.hpp"
#include "tools/call_flow.hpp"
#include "tools/elicitation.hpp"
#include "tools/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

// Rounds in which a modern server wants something before it answers: what the host can give goes
// back at once, what a person must give puts the call aside.

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr int most_rounds = 16;
constexpr Clock::duration first_pause = 20ms;
constexpr Clock::duration longest_pause = 2s;

Failure too_many_rounds(const std::string& title) {
  return Failure(
      Code::exhausted,
      fmt::format("{} wanted input {} times in one call and was given up", title, most_rounds),
      "Its tool asks again and again: give it everything in the arguments, or see its log."
  );
}

}  // namespace

Task<> CallFlow::take_input(Json payload) {
  const Json* requests = field(payload, "inputRequests");
  const Json* state = field(payload, "requestState");
  const bool malformed =
      (requests != nullptr && !requests->is_object()) || (state != nullptr && !state->is_string());
  const bool asks = requests != nullptr && !requests->empty();
  if (malformed || (!asks && state == nullptr)) {
    throw Failure(
        Code::invalid,
        fmt::format("{}: bad answer: input_required, but not what is required", client_.title())
    );
  }
  if (round_ >= most_rounds) throw too_many_rounds(client_.title());
  CallState next;
  next.kind = CallState::Kind::input;
  next.round = round_;
  if (state != nullptr) next.request_state = state->get<std::string>();
  Inputs inputs;
  if (asks) {
    auto sorting = sort_inputs(*requests, {});
    inputs = co_await std::move(sorting);
  }
  next.given = std::move(inputs.given);
  next.forms = std::move(inputs.forms);
  if (!inputs.asks.empty()) {
    suspend(std::move(next), std::move(inputs.asks), std::nullopt);
    co_return;
  }
  bare_rounds_ = asks ? 0 : bare_rounds_ + 1;
  if (!asks) {
    const auto pause = first_pause * (1 << std::min(bare_rounds_ - 1, 10));
    auto sleeping = sleep(std::min<Clock::duration>(pause, longest_pause));
    if (!co_await std::move(sleeping)) co_return;
  }
  if (asks) responses_ = std::move(next.given);
  request_state_ = std::move(next.request_state);
  ++round_;
  next_ = Next::call;
}

Task<CallFlow::Inputs> CallFlow::sort_inputs(Json requests, std::set<std::string> answered) {
  Inputs inputs;
  for (auto& [key, request] : requests.items()) {
    if (answered.contains(key)) continue;
    const std::string method = text_field(request, "method");
    const Json* given = object_field(request, "params");
    Json params = given == nullptr ? Json::object() : *given;
    if (method != "elicitation/create") {
      auto answering = answer_by_host(key, method, std::move(params), inputs);
      co_await std::move(answering);
      continue;
    }
    if (const auto fault = mcp::elicitation_fault(params)) {
      throw Failure(
          Code::invalid, fmt::format("{}: bad input request: {}", client_.title(), *fault)
      );
    }
    inputs.forms[key] = mcp::form_of(params);
    InputAsk ask;
    ask.key = key;
    ask.method = method;
    ask.params = std::move(params);
    inputs.asks.push_back(std::move(ask));
  }
  co_return inputs;
}

/// Anything but a question for a person. What was not declared must not be asked for.
Task<> CallFlow::answer_by_host(std::string key, std::string method, Json params, Inputs& into) {
  if (method == "roots/list" && client_.root()) {
    into.given[key] = mcp::roots_result(client_.root());
    co_return;
  }
  if (method != "sampling/createMessage" || !sink_->samples()) {
    throw Failure(
        Code::invalid,
        fmt::format("{} asks for '{}', which it was not offered", client_.title(), method),
        method == "sampling/createMessage"
            ? "Name a tool that answers its sampling: \"sampling\" of its source in tools.json."
            : std::string()
    );
  }
  Stop withdrawn(co_await asio::this_coro::executor);
  const auto subscription =
      stop_.subscribe([&withdrawn](StopReason reason) { withdrawn.request(reason); });
  auto asking = sink_->sample(std::move(params), withdrawn);
  const ToolResult said = co_await std::move(asking);
  if (!said.succeeded) {
    throw Failure(
        Code::tool_failed,
        fmt::format("the sampling of {} failed: {}", client_.title(), said.error),
        said.hint
    );
  }
  into.given[key] = mcp::sampling_result("opsroom", said);
}

/// A legacy server that wants pages visited first has not begun: the call is sent again as it was.
void CallFlow::take_urls(const Json& elicitations) {
  if (round_ >= most_rounds) throw too_many_rounds(client_.title());
  CallState next;
  next.kind = CallState::Kind::url;
  next.round = round_;
  std::vector<InputAsk> asks;
  for (const Json& elicitation : elicitations) {
    if (const auto fault = mcp::elicitation_fault(elicitation)) {
      throw Failure(
          Code::invalid, fmt::format("{}: bad input request: {}", client_.title(), *fault)
      );
    }
    InputAsk ask;
    ask.key = fmt::format("url-{}-{}", round_, asks.size() + 1);
    ask.method = "elicitation/create";
    ask.params = elicitation;
    next.forms[ask.key] = nullptr;
    asks.push_back(std::move(ask));
  }
  suspend(std::move(next), std::move(asks), std::nullopt);
  result_.delivery = Delivery::rejected;
}

/// A page that was not visited ends the call: sending it again would be of no use.
void CallFlow::resume_urls(const CallState& state) {
  for (const auto& [key, form] : state.forms.items()) {
    const auto reply = call_.call.answers.find(key);
    if (reply != call_.call.answers.end() && reply->second.action == InputAction::accept) continue;
    const Failure declined(
        Code::canceled,
        fmt::format("{} needs a page to be visited first, which was declined", client_.title()),
        "Start the run again, and accept the question when the page is done."
    );
    fail(declined, Delivery::rejected);
  }
}

}  // namespace opsroom::tools
