#include "base/failure.hpp"
#include "tools/call_content.hpp"
#include "tools/elicitation.hpp"
#include "tools/inprocess_call.hpp"
#include "tools/json_fields.hpp"
#include "tools/mcp_codec.hpp"
#include "tools/tools_config.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

// Rounds in which a plugin wants something before it answers: what the host can give goes back at
// once, what a person must give puts the call aside.

namespace opsroom::tools {
namespace {

constexpr int most_rounds = 16;
// A state that a plugin's own process has left is sealed by it, and of no use here.
constexpr std::string_view own_state = "in process: ";

}  // namespace

void InprocessCall::resume() {
  if (call_.call.resume.is_null()) return;
  const CallState state = call_state(call_.call.resume);
  const std::string left = state.request_state.value_or("");
  if (state.kind != CallState::Kind::input || !left.starts_with(own_state)) {
    throw Failure(
        Code::conflict,
        fmt::format("{} was asked for this in a process of its own", source_.title()),
        "Bring back its \"isolation\" as it was, or start the run anew."
    );
  }
  round_ = state.round + 1;
  state_ = left.substr(own_state.size());
  responses_ = input_responses(state, call_.call.answers);
}

Task<> InprocessCall::answer_or_fail(Asked asked) {
  try {
    auto answering = answer(std::move(asked));
    co_await std::move(answering);
  } catch (const Failure& failure) {
    fail(failure.message(), Delivery::answered);
    result_.hint = failure.hint();
  }
}

/// What the host itself can answer goes back at once; everything else is asked of a person.
Task<> InprocessCall::answer(Asked asked) {
  if (round_ >= most_rounds) {
    throw Failure(
        Code::exhausted,
        fmt::format(
            "{} wanted input {} times in one call and was given up", source_.title(), round_
        )
    );
  }
  result_.delivery = Delivery::answered;
  CallState next;
  next.round = round_;
  next.request_state = std::string(own_state) + asked.state;
  std::vector<InputAsk> asks;
  for (auto& [key, request] : asked.requests.items()) {
    const std::string method = text_field(request, "method");
    const Json* given = object_field(request, "params");
    InputAsk one{key, method, given == nullptr ? Json::object() : *given};
    if (method == "sampling/createMessage" && sink_->samples()) {
      auto sampling = sampled(std::move(one.params));
      Json said = co_await std::move(sampling);
      next.given[key] = std::move(said);
    } else {
      check(one);
      next.forms[key] = mcp::form_of(one.params);
      asks.push_back(std::move(one));
    }
  }
  if (asks.empty()) {
    responses_ = std::move(next.given);
    state_ = std::move(asked.state);
    ++round_;
    again_ = true;
    co_return;
  }
  Suspension suspension;
  suspension.state = to_json(next);
  suspension.why = why_asked(source_.title(), asks);
  suspension.asks = std::move(asks);
  result_.suspended = std::move(suspension);
}

/// That a person can be asked it.
void InprocessCall::check(const InputAsk& ask) const {
  if (ask.method != "elicitation/create") {
    throw Failure(
        Code::invalid,
        fmt::format("{} asks for '{}', which it was not offered", source_.title(), ask.method),
        ask.method == "sampling/createMessage"
            ? "Name a tool that answers its sampling: \"sampling\" of its source in tools.json."
            : std::string()
    );
  }
  if (const auto fault = mcp::elicitation_fault(ask.params)) {
    throw Failure(Code::invalid, fmt::format("{}: bad input request: {}", source_.title(), *fault));
  }
}

Task<Json> InprocessCall::sampled(Json params) {
  Stop withdrawn(executor_);
  const auto subscription =
      stop_.subscribe([&withdrawn](StopReason reason) { withdrawn.request(reason); });
  auto asking = sink_->sample(std::move(params), withdrawn);
  const ToolResult said = co_await std::move(asking);
  if (said.succeeded) co_return mcp::sampling_result("opsroom", said);
  throw Failure(
      Code::tool_failed,
      fmt::format("the sampling of {} failed: {}", source_.title(), said.error),
      said.hint
  );
}

}  // namespace opsroom::tools
