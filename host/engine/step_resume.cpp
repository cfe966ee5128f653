#include "engine/step_resume.hpp"

#include "engine/step_retry.hpp"

#include <algorithm>

namespace opsroom::engine {

Json resume_of(const Suspension& suspension) {
  Json asks = Json::array();
  for (const InputAsk& ask : suspension.asks)
    asks.push_back(ask.key);
  return {
      {"state", suspension.state},
      {"asks", std::move(asks)},
      {"looks_again", suspension.look_again.has_value()},
      {"elsewhere", suspension.elsewhere},
  };
}

std::optional<Continuation> continuation_of(
    const Step& step, const std::vector<InputRequest>& inputs
) {
  if (!step.resume.is_object() || waits_for_next_try(step)) return std::nullopt;
  Continuation found;
  found.state = step.resume.value("state", Json());
  found.elsewhere = step.resume.value("elsewhere", false);
  found.looks_again = step.resume.value("looks_again", false);
  for (const Json& key : step.resume.value("asks", Json::array())) {
    // The newest one of this key: an earlier round may have asked under the same.
    const auto input = std::find_if(inputs.rbegin(), inputs.rend(), [&](const InputRequest& one) {
      return !one.live && one.position == step.position && key == Json(one.ask.key);
    });
    if (input == inputs.rend()) continue;
    if (input->open()) {
      found.open.push_back(input->ask);
    } else {
      found.answers[input->ask.key] = input->reply.value_or(InputReply{});
    }
  }
  return found;
}

}  // namespace opsroom::engine
