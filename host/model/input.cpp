#include "model/input.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

namespace opsroom {

std::string_view to_string(InputAction action) {
  switch (action) {
    case InputAction::accept:
      return "accept";
    case InputAction::decline:
      return "decline";
    case InputAction::cancel:
      return "cancel";
  }
  return "cancel";
}

InputAction input_action(std::string_view word) {
  for (const auto action : {InputAction::accept, InputAction::decline, InputAction::cancel}) {
    if (word == to_string(action)) return action;
  }
  throw Failure(
      Code::invalid,
      fmt::format("'{}' is no answer to a question", word),
      "It is accept, decline or cancel."
  );
}

}  // namespace opsroom
