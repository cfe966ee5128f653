#include "base/failure.hpp"
#include "tools/call_content.hpp"
#include "tools/json_fields.hpp"
#include "tools/mcp_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

// A tools/call on its way, and what came of it.

namespace opsroom::tools {
namespace {

constexpr int url_elicitation_required = -32042;

/// Errors by which a server says that it has not begun to act.
bool is_rejection(int code) {
  constexpr std::array codes{
      rpc::parse_error,
      rpc::invalid_request,
      rpc::method_not_found,
      rpc::invalid_params,
      rpc::missing_capability,
      rpc::unsupported_version,
      url_elicitation_required
  };
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// What to do about a capability that the server wants and the host has not declared.
std::string capability_hint(const Json& data) {
  const Json* required = object_field(data, "requiredCapabilities");
  if (required == nullptr) return {};
  if (required->contains("sampling")) {
    return "Name a tool that answers its sampling: \"sampling\" of its source in tools.json.";
  }
  if (required->contains("roots")) {
    return "Give its source \"scope\": \"lane\" in tools.json: then it is told the lane.";
  }
  return fmt::format("It wants {}, which opsroom does not offer.", dump(*required));
}

}  // namespace

std::shared_ptr<Exchange> McpClient::start_call(
    mcp::CallContext context,
    std::string_view arguments,
    std::shared_ptr<CallSink> sink,
    Clock::time_point now
) {
  auto exchange = register_exchange("tools/call", now);
  exchange->sink = std::move(sink);
  context.id = exchange->id;
  const std::string_view meta = era_ == Era::modern ? std::string_view(modern_meta_) : "";
  post(exchange, mcp::call_request(context, arguments, meta, channel_.blank()));
  return exchange;
}

std::shared_ptr<Exchange> McpClient::start_request(
    std::string method, Json params, std::shared_ptr<CallSink> sink
) {
  if (era_ == Era::modern) mcp::add_modern_meta(params, profile());
  auto exchange = send(std::move(method), params);
  exchange->sink = std::move(sink);
  return exchange;
}

std::shared_ptr<Exchange> McpClient::hold_open(std::shared_ptr<CallSink> sink) {
  auto exchange = register_exchange("(waiting)", Clock::now());
  exchange->sink = std::move(sink);
  return exchange;
}

Task<Wake> McpClient::wait(std::shared_ptr<Exchange> exchange, CallLimits limits, Stop& stop) {
  AnswerWait waiting = wait_for(*exchange, limits, stop);
  while (!waiting.over())
    co_await waiting.next();
  co_return waiting.wake();
}

void McpClient::cancel(const std::shared_ptr<Exchange>& exchange, std::string_view reason) {
  const bool asked = exchange->bytes > 0;
  if (!asked || exchange->answered() || ended_ || channel_.withdraw(exchange->sent)) return;
  channel_.post(notification_text(
      "notifications/cancelled", Json{{"requestId", exchange->id}, {"reason", reason}}
  ));
}

void McpClient::cancel_task(const std::string& task) {
  if (ended_) return;
  Json params{{"taskId", task}};
  if (era_ == Era::modern) mcp::add_modern_meta(params, profile());
  channel_.post(request_text(++last_id_, "tasks/cancel", params));
}

void McpClient::forget(const std::shared_ptr<Exchange>& exchange) {
  exchanges_.erase(exchange->id);
}

void McpClient::adopt_task(const std::string& task, std::shared_ptr<CallSink> sink) {
  tasks_[task] = std::move(sink);
}

void McpClient::read_error(const Json& payload, ToolResult& into, Pending& pending) const {
  const mcp::RpcError error = mcp::rpc_error(payload);
  into.delivery = is_rejection(error.code) ? Delivery::rejected : Delivery::answered;
  into.error = fmt::format("{} (JSON-RPC error {})", error.message, error.code);
  if (error.code == rpc::missing_capability) into.hint = capability_hint(error.data);
  if (error.code != url_elicitation_required || era_ != Era::legacy) return;
  const Json* elicitations = field(error.data, "elicitations");
  if (elicitations == nullptr || !elicitations->is_array() || elicitations->empty()) return;
  pending = {Pending::Kind::url, *elicitations};
}

void McpClient::read_answer(Json payload, ToolResult& into, Pending& pending) {
  using Kind = mcp::ResultType::Kind;
  if (era_ != Era::modern) {
    // A task is asked for by name there, and known by its shape.
    const bool is_task = object_field(payload, "task") != nullptr && !payload.contains("content");
    if (is_task) {
      pending = {Pending::Kind::task, std::move(payload["task"])};
    } else {
      mcp::read_call_result(std::move(payload), into);
    }
    return;
  }
  const mcp::ResultType type = mcp::result_type(payload);
  if (type.word.empty()) note_missing_type();
  switch (type.kind) {
    case Kind::complete:
      mcp::read_call_result(std::move(payload), into);
      return;
    case Kind::input_required:
      pending = {Pending::Kind::input, std::move(payload)};
      return;
    case Kind::task:
      pending = {Pending::Kind::task, std::move(payload)};
      return;
    case Kind::unknown:
      into.error =
          fmt::format("{} answered with the unknown resultType '{}'", options_.title, type.word);
      return;
  }
}

void McpClient::read_result(Exchange& exchange, ToolResult& result, Pending& pending) {
  if (exchange.too_large) {
    result.delivery = Delivery::answered;
    result.error = fmt::format("{}: the answer is larger than the limit", options_.title);
    result.hint = "Let the tool write large results to a file in the lane.";
    return;
  }
  if (!exchange.answer) {
    result.delivery = exchange.sent.untouched() ? Delivery::not_sent : Delivery::unknown;
    result.worth_another_try = exchange.peer_gone && exchange.sent.untouched();
    result.error = end_reason_;
    result.hint = end_hint_;
    return;
  }
  result.delivery = Delivery::answered;
  Envelope& answer = *exchange.answer;
  try {
    if (answer.kind == Envelope::Kind::malformed) throw Failure(Code::invalid, answer.problem);
    if (auto plain = reader_.take_plain_result(answer)) {
      if (era_ == Era::modern && !plain->typed) note_missing_type();
      mcp::take_text_result(std::move(plain->text), plain->failed, result);
      answer.length = 0;
      channel_.take_back(std::exchange(answer.text, {}));
      return;
    }
    Json payload = reader_.payload(answer);
    if (answer.kind == Envelope::Kind::error) {
      read_error(payload, result, pending);
    } else {
      read_answer(std::move(payload), result, pending);
    }
  } catch (const Failure& failure) {
    result.succeeded = false;
    result.error = fmt::format("{}: bad answer: {}", options_.title, failure.message());
  }
}

ToolResult McpClient::result(Exchange& exchange) {
  Pending pending;
  ToolResult out;
  read_result(exchange, out, pending);
  if (pending.kind == Pending::Kind::none || pending.kind == Pending::Kind::url) return out;
  out.error = fmt::format("{} asks for something before it answers", options_.title);
  out.hint = "Give the tool everything it asks for in its arguments or its configuration.";
  return out;
}

ToolResult McpClient::task_result(Json payload) {
  ToolResult result;
  result.delivery = Delivery::answered;
  try {
    mcp::read_call_result(std::move(payload), result);
  } catch (const Failure& failure) {
    result.succeeded = false;
    result.error = fmt::format("{}: bad result of a task: {}", options_.title, failure.message());
  }
  return result;
}

}  // namespace opsroom::tools
