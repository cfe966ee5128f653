#pragma once

#include "model/input.hpp"
#include "model/step.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::engine {

/// What a step's row keeps while its call is laid down: the tools' own state, untouched, and what
/// the engine has to know of the questions.
Json resume_of(const Suspension& suspension);

/// How a laid-down call goes on.
struct Continuation {
  Json state;                                 ///< for ToolCall::resume
  std::map<std::string, InputReply> answers;  ///< for ToolCall::answers; an expired one is a cancel
  std::vector<InputAsk> open;                 ///< asked, and still without an answer
  bool looks_again = false;                   ///< it may go on although some are open
  bool elsewhere = false;                     ///< something works on it out of our reach
};

/// None when the step's call does not go on, but begins.
std::optional<Continuation> continuation_of(
    const Step& step, const std::vector<InputRequest>& inputs
);

}  // namespace opsroom::engine
