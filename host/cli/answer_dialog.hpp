#pragma once

#include "model/input.hpp"

#include <istream>
#include <optional>
#include <ostream>
#include <string>

namespace opsroom::cli {

/// Asks a person on a terminal: a form field by field, then whether to send it; a visit whether it
/// is done. The reply is checked. nullopt when the input ends (Ctrl-D): the question stays open.
std::optional<InputReply> ask_person(
    const InputRequest& input, std::istream& in, std::ostream& out
);

/// retry, skip or fail; nullopt when the input ends.
std::optional<std::string> ask_decision(std::istream& in, std::ostream& out);

}  // namespace opsroom::cli
