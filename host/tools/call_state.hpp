#pragma once

#include "base/json.hpp"
#include "model/input.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace opsroom::tools {

/// Where a call stands that was put aside: all that another process, days later, needs to go on
/// with it. Stored as JSON; nobody else reads it.
struct CallState {
  enum class Kind {
    input,  ///< the server wants answers with the same call, sent again
    url,    ///< the server wants pages visited, then the same call
    task,   ///< the work goes on as a task of the server
  };

  Kind kind = Kind::input;
  int round = 1;  ///< of the request that was answered so
  std::optional<std::string> request_state;
  std::string task;
  Json given = Json::object();     ///< what the host has answered by itself, in MCP's words
  Json forms = Json::object();     ///< the questions asked, by key: see mcp::form_of
  std::set<std::string> answered;  ///< keys of the task's questions that have their answers
  int misses = 0;                  ///< times in a row that the task could not be asked after
};

Json to_json(const CallState& state);
/// Failure{invalid} when it is none.
CallState call_state(const Json& stored);

/// Why a call is put aside that asks (at least one thing), for people: "server 'x' asks: a name?".
std::string why_asked(const std::string& title, const std::vector<InputAsk>& asks);

/// All answers in MCP's words; a question without a reply is cancelled.
Json input_responses(const CallState& state, const std::map<std::string, InputReply>& replies);

}  // namespace opsroom::tools
