#pragma once
#include "arguments.hpp"

namespace opsroom::plugins::http {

/// What the operator's settings come to; made once, used by every call.
struct Door {
  Settings settings;
  WebPolicy policy;
};

tool::Outcome<Response> get(const GetArgs& args, const Door& door, tool::Call& call);
tool::Outcome<Response> request(const RequestArgs& args, const Door& door, tool::Call& call);

}  // namespace opsroom::plugins::http
