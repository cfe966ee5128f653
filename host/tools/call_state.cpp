#include "tools/call_state.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "tools/elicitation.hpp"
#include "tools/json_fields.hpp"

#include <fmt/format.h>

#include <utility>

namespace opsroom::tools {
namespace {

constexpr const char* format_version = "1";

std::string_view word_of(CallState::Kind kind) {
  switch (kind) {
    case CallState::Kind::input:
      return "input";
    case CallState::Kind::url:
      return "url";
    case CallState::Kind::task:
      return "task";
  }
  return "input";
}

CallState::Kind kind_of(const std::string& word) {
  if (word == "url") return CallState::Kind::url;
  if (word == "task") return CallState::Kind::task;
  if (word == "input") return CallState::Kind::input;
  throw Failure(Code::invalid, "unknown kind '" + word + "'");
}

}  // namespace

// What the server made (its state, ids, keys) lies within as JSON text: a database's JSON cannot
// hold every string (no U+0000), and the server must get back exactly what it gave.
Json to_json(const CallState& state) {
  Json inner{
      {"task", state.task},
      {"given", state.given},
      {"forms", state.forms},
      {"answered", state.answered},
      {"misses", state.misses}
  };
  if (state.request_state) inner["requestState"] = *state.request_state;
  return {
      {"format", format_version},
      {"kind", word_of(state.kind)},
      {"round", state.round},
      {"inner", dump(inner)}
  };
}

CallState call_state(const Json& stored) {
  CallState state;
  try {
    if (stored.at("format") != format_version) throw Failure(Code::invalid, "unknown format");
    state.kind = kind_of(stored.at("kind").get<std::string>());
    state.round = stored.at("round").get<int>();
    const Json inner = Json::parse(stored.at("inner").get_ref<const std::string&>());
    state.task = inner.at("task").get<std::string>();
    state.given = inner.at("given");
    state.forms = inner.at("forms");
    state.answered = inner.at("answered").get<std::set<std::string>>();
    state.misses = inner.at("misses").get<int>();
    const auto request_state = inner.find("requestState");
    if (request_state != inner.end()) state.request_state = request_state->get<std::string>();
  } catch (const Json::exception& error) {
    throw Failure(
        Code::invalid, std::string("what was stored of the call cannot be read: ") + error.what()
    );
  } catch (const Failure& failure) {
    throw Failure(
        Code::invalid,
        "what was stored of the call cannot be read: " + failure.message(),
        "Another version of opsroom wrote it: go on with the run there, or start it anew."
    );
  }
  return state;
}

std::string why_asked(const std::string& title, const std::vector<InputAsk>& asks) {
  constexpr std::size_t longest = 200;
  std::string message = text_field(asks.front().params, "message");
  if (message.size() > longest) message = message.substr(0, longest) + "…";
  const std::string more = asks.size() > 1 ? fmt::format(" (and {} more)", asks.size() - 1) : "";
  return fmt::format("{} asks: {}{}", title, printable_utf8(message), more);
}

Json input_responses(const CallState& state, const std::map<std::string, InputReply>& replies) {
  Json responses = state.given;
  for (const auto& [key, form] : state.forms.items()) {
    const auto found = replies.find(key);
    responses[key] =
        mcp::elicit_result(form, found == replies.end() ? InputReply{} : found->second);
  }
  return responses;
}

}  // namespace opsroom::tools
