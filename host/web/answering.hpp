#pragma once

#include "base/async.hpp"
#include "model/input.hpp"

#include <string>

namespace opsroom::web {

struct Services;

/// `{"action", "content"}` of a request; what the content must be is the question's business.
InputReply read_reply(const Json& body);

/// Checks the reply against what is asked and stores it. Failure{conflict} says who was first, or
/// that it is too late; UnfitReply names the fields that do not fit.
Task<InputRequest> answer_question(
    const Services& services, InputRequest input, InputReply reply, std::string who
);

/// The same for the one question a run asks; Failure{conflict} when it asks none or several.
Task<> answer_only_question(const Services& services, RunId run, InputReply reply, std::string who);

}  // namespace opsroom::web
