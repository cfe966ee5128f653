// How a batch becomes messages, and a request a call of the plugin.
#include "json_reader.hpp"
#include "server.hpp"

#include <algorithm>

namespace opsroom::sdk {
namespace {

bool is_object(std::string_view value) {
  return !value.empty() && value.front() == '{';
}

/// Every answer is an object of its own, whatever was asked.
json checked_responses(std::string_view text) {
  json responses = json::parse(text);
  bool good = responses.is_object();
  if (good)
    for (const json& response : responses)
      good = good && response.is_object();
  if (good) return responses;
  throw RpcError{
      code::invalid_params, "params.inputResponses must be an object with an object for each key"
  };
}

/// What the request says to the plugin, without what it says to us.
std::string bare_params(const Message& message) {
  json params = message.parsed_params();
  for (const char* ours : {"_meta", "inputResponses", "requestState"})
    params.erase(ours);
  return dumped(params);
}

}  // namespace

void Server::take_batch(const std::string& line) {
  JsonReader reader(line);
  std::vector<std::string> ids;
  std::string answers;
  std::deque<std::shared_ptr<const Message>> members;
  bool any = false;
  reader.array([&] {
    any = true;
    const std::string_view text = reader.value();
    if (!reader.good()) return;
    if (auto member = member_of_batch(text, ids, answers)) members.push_back(std::move(member));
  });
  if (!reader.ended()) throw RpcError{code::parse_error, "not JSON in UTF-8, or nested badly"};
  if (!any) throw RpcError{code::invalid_request, "a batch must have messages in it"};
  batches_.open(ids, std::move(answers));
  waiting_ = std::move(members);
}

/// Null for one that is refused; then the refusal is among the answers.
std::shared_ptr<const Message> Server::member_of_batch(
    std::string_view text, std::vector<std::string>& ids, std::string& answers
) {
  std::string id = "null";
  try {
    auto member = std::make_shared<const Message>(std::string(text));
    if (member->kind() == Message::Kind::nonsense)
      throw RpcError{code::invalid_request, "method is missing"};
    if (member->kind() != Message::Kind::request) return member;
    member->check_id();
    id = std::string(member->id);
    if (member->method == "initialize" || !member->protocol_version.empty())
      throw RpcError{code::invalid_request, "this has to come by itself, not in a batch"};
    const std::string key = key_of(id);
    if (std::find(ids.begin(), ids.end(), key) != ids.end())
      throw RpcError{code::invalid_request, "this id is in the batch already"};
    ids.push_back(key);
    return member;
  } catch (const RpcError& error) {
    answers.append(answers.empty() ? "" : ",").append(response(id, error));
    return nullptr;
  }
}

CallRequest Server::call_request(const std::shared_ptr<const Message>& message, Era era) const {
  CallRequest call;
  call.message = message;
  call.era = era;
  call.id = std::string(message->id);
  aim(call, *message);
  if (!is_id(message->progress_token) && !message->progress_token.empty() &&
      message->progress_token != "null")
    throw RpcError{
        code::invalid_params, "params._meta.progressToken must be a string or an integer"
    };
  if (is_id(message->progress_token)) call.progress_token = message->progress_token;
  call.capabilities =
      era == Era::modern ? json::parse(message->client_capabilities) : legacy_capabilities_;
  if (era == Era::modern && !message->log_level.empty())
    call.log_from = severity_of(json::parse(message->log_level));
  if (!message->call.empty() && !is_object(message->call))
    throw RpcError{
        code::invalid_params, std::string("params._meta[\"") + meta::call + "\"] must be an object"
    };
  call.workdir = string_of(message->workdir).value_or(directory_);
  call.context = context_of(call, *message);
  return call;
}

void Server::aim(CallRequest& call, const Message& message) const {
  if (message.method == "tools/call") return aim_at_tool(call, message);
  call.tool = "opsroom:" + message.method;
  call.own_arguments = bare_params(message);
  if (message.method == "prompts/get") return aim_at_prompt(call, message);
  call.target = message.method == "resources/read" ? Target::resource : Target::completion;
  if (call.target == Target::resource &&
      !json::parse(call.own_arguments).value("uri", json()).is_string())
    throw RpcError{code::invalid_params, "params.uri must be a string"};
}

void Server::aim_at_tool(CallRequest& call, const Message& message) const {
  const auto name = string_of(message.name);
  if (!name) throw RpcError{code::invalid_params, "params.name must be a string"};
  if (!message.arguments.empty() && !is_object(message.arguments))
    throw RpcError{code::invalid_params, "params.arguments must be an object"};
  const Catalogue::Tool* tool = catalogue_->tool(*name);
  if (tool == nullptr) throw RpcError{code::invalid_params, "Unknown tool: " + *name};
  call.tool = *name;
  call.arguments = message.arguments.empty() ? std::string_view("{}") : message.arguments;
  call.structured = tool->structured;
  call.read_only = tool->read_only;
  call.tasks = tool->tasks;
}

void Server::aim_at_prompt(CallRequest& call, const Message& message) const {
  call.target = Target::prompt;
  const auto name = string_of(message.name);
  const json* prompt = name ? catalogue_->prompt(*name) : nullptr;
  if (prompt == nullptr)
    throw RpcError{code::invalid_params, "Unknown prompt: " + name.value_or("(no name)")};
  const json given = json::parse(call.own_arguments).value("arguments", json::object());
  if (!given.is_object())
    throw RpcError{code::invalid_params, "params.arguments must be an object"};
  for (const json& argument : prompt->value("arguments", json::array())) {
    const std::string label = argument.value("name", "");
    if (argument.value("required", false) && !given.contains(label))
      throw RpcError{code::invalid_params, "params.arguments." + label + " is missing"};
  }
}

/// What the host tells the tool; what only people or the tool itself may say, is not the host's.
std::string Server::context_of(const CallRequest& call, const Message& message) const {
  const bool answered = !message.input_responses.empty() || !message.request_state.empty();
  if (!answered && !message.call_overreaches)
    return message.call.empty() ? "{}" : std::string(message.call);
  json context = message.call.empty() ? json::object() : json::parse(message.call);
  context.erase("requestState");
  context.erase("inputResponses");
  if (!message.input_responses.empty())
    context["inputResponses"] = checked_responses(message.input_responses);
  if (!message.request_state.empty())
    context["requestState"] = calls_.opened_state(message.request_state, call);
  return dumped(context);
}

}  // namespace opsroom::sdk
