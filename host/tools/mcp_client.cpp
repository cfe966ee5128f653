#include "tools/mcp_client.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace opsroom::tools {
namespace {

constexpr std::size_t most_pages = 64;
constexpr std::size_t most_tools = 1024;
constexpr double longest_ttl_ms = 1e12;

/// Errors by which a server says that it has not begun to act.
bool is_rejection(int code) {
  constexpr std::array codes{
      rpc::parse_error,
      rpc::invalid_request,
      rpc::method_not_found,
      rpc::invalid_params,
      rpc::missing_capability,
      rpc::unsupported_version
  };
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

void read_error(const Json& payload, ToolResult& into) {
  const mcp::RpcError error = mcp::rpc_error(payload);
  into.delivery = is_rejection(error.code) ? Delivery::rejected : Delivery::answered;
  into.error = fmt::format("{} (JSON-RPC error {})", error.message, error.code);
}

/// Cache hints of a list result. A negative or absurd one is no hint.
std::optional<Clock::duration> ttl_of(const Json& result) {
  const auto ttl = result.is_object() ? result.find("ttlMs") : result.end();
  if (!result.is_object() || ttl == result.end() || !ttl->is_number()) return std::nullopt;
  const double ms = ttl->get<double>();
  if (!(ms >= 0 && ms <= longest_ttl_ms)) return std::nullopt;
  return Milliseconds(static_cast<std::int64_t>(ms));
}

/// Results that are none yet: the server wants something first.
void refuse_input(const mcp::ResultType& type, const std::string& title, ToolResult& into) {
  using Kind = mcp::ResultType::Kind;
  if (type.kind == Kind::unknown) {
    into.error = fmt::format("{} answered with the unknown resultType '{}'", title, type.word);
    return;
  }
  // Where the input port will take over: it stores the question and sends the call again.
  into.error = type.kind == Kind::task
                   ? fmt::format("{} turned the call into a task, which is not configured", title)
                   : fmt::format("{} needs input, which is not configured", title);
  into.hint = "Give the tool everything it asks for in its arguments or its configuration.";
}

}  // namespace

McpClient::McpClient(asio::any_io_executor executor, MessageChannel& channel, ClientOptions options)
    : executor_(std::move(executor)), channel_(channel), options_(std::move(options)) {}

void McpClient::end(std::string reason, std::string hint) {
  if (ended_) return;
  ended_ = true;
  end_reason_ = std::move(reason);
  end_hint_ = std::move(hint);
  for (const auto& [id, exchange] : exchanges_) {
    exchange->peer_gone = true;
    exchange->alarm.ring();
  }
}

std::shared_ptr<Exchange> McpClient::send(std::string method, Json params) {
  auto exchange = std::make_shared<Exchange>(executor_);
  exchange->id = ++last_id_;
  exchange->method = std::move(method);
  exchange->last_sign = Clock::now();
  exchange->peer_gone = ended_;
  exchanges_[exchange->id] = exchange;
  exchange->sent = channel_.post(request_text(exchange->id, exchange->method, params));
  return exchange;
}

Task<std::shared_ptr<Exchange>> McpClient::ask(
    std::string method, Json params, Clock::time_point deadline
) {
  if (era_ == Era::modern) mcp::add_modern_meta(params);
  auto exchange = send(std::move(method), std::move(params));
  while (!exchange->answered() && !exchange->peer_gone && Clock::now() < deadline) {
    co_await exchange->alarm.wait_until(deadline);
  }
  forget(exchange);
  co_return exchange;
}

void McpClient::fail_unanswered(const Exchange& exchange) const {
  if (exchange.too_large) {
    throw Failure(
        Code::exhausted,
        fmt::format("{}: the answer to {} is too large", options_.title, exchange.method)
    );
  }
  if (exchange.peer_gone) throw Failure(Code::unavailable, end_reason_, end_hint_, true);
  throw Failure(
      Code::timeout,
      fmt::format("{} did not answer {} in time", options_.title, exchange.method),
      "Start its command by hand to see whether it waits for something (a download, a login).",
      true
  );
}

Json McpClient::answer_of(const Exchange& exchange, std::string_view method) {
  if (!exchange.answer) fail_unanswered(exchange);
  const Envelope& answer = *exchange.answer;
  if (answer.kind == Envelope::Kind::malformed) {
    throw Failure(
        Code::invalid,
        fmt::format("{}: bad answer to {}: {}", options_.title, method, answer.problem)
    );
  }
  try {
    Json payload = reader_.payload(answer);
    if (answer.kind == Envelope::Kind::result) return payload;
    const mcp::RpcError error = mcp::rpc_error(payload);
    throw Failure(
        Code::unavailable,
        fmt::format("{} refused {}: {} ({})", options_.title, method, error.message, error.code)
    );
  } catch (const Failure& failure) {
    if (failure.code() != Code::invalid) throw;
    throw Failure(
        Code::invalid,
        fmt::format("{}: bad answer to {}: {}", options_.title, method, failure.message())
    );
  }
}

Task<std::vector<Json>> McpClient::list_tools(Clock::duration deadline) {
  const auto until = Clock::now() + deadline;
  std::vector<Json> tools;
  std::set<std::string> names;
  std::set<std::string> cursors;
  std::optional<std::string> cursor;
  tools_ttl_.reset();
  for (std::size_t pages = 0; pages < most_pages; ++pages) {
    Json params = Json::object();
    if (cursor) params["cursor"] = *cursor;
    auto asking = ask("tools/list", std::move(params), until);
    const auto exchange = co_await std::move(asking);
    const Json answer = answer_of(*exchange, "tools/list");
    if (const auto ttl = ttl_of(answer)) tools_ttl_ = std::min(*ttl, tools_ttl_.value_or(*ttl));
    mcp::ToolPage page = mcp::tool_page(answer);
    for (Json& tool : page.tools) {
      // The first of a name wins, in the server's order: the list is the same every time.
      if (names.insert(tool["name"].get<std::string>()).second) tools.push_back(std::move(tool));
    }
    if (!page.next) co_return tools;
    if (!cursors.insert(*page.next).second || tools.size() > most_tools) break;
    cursor = page.next;
  }
  throw Failure(
      Code::exhausted,
      fmt::format("{}: its tools/list does not end", options_.title),
      fmt::format("At most {} pages and {} tools are read.", most_pages, most_tools)
  );
}

Task<bool> McpClient::answers(Clock::duration patience) {
  const std::string method = era_ == Era::modern ? "server/discover" : "ping";
  auto asking = ask(method, Json::object(), Clock::now() + patience);
  const auto exchange = co_await std::move(asking);
  co_return exchange->answered();
}

std::shared_ptr<Exchange> McpClient::start_call(
    mcp::CallContext context, std::shared_ptr<CallSink> sink
) {
  context.progress_token = last_id_ + 1;
  Json params = mcp::call_params(context);
  if (era_ == Era::modern) mcp::add_modern_meta(params);
  auto exchange = send("tools/call", std::move(params));
  exchange->sink = std::move(sink);
  return exchange;
}

Task<McpClient::Wake> McpClient::wait(
    std::shared_ptr<Exchange> exchange, CallLimits limits, Stop& stop
) {
  const auto subscription = stop.subscribe([exchange](StopReason) { exchange->alarm.ring(); });
  while (true) {
    if (exchange->answered()) co_return Wake::answered;
    if (exchange->peer_gone) co_return Wake::peer_gone;
    if (must_end(stop)) co_return Wake::stopped;
    const auto now = Clock::now();
    if (now >= limits.latest) co_return Wake::too_long;
    // While the listener is slow the pipe is not read: a silence that is not the server's.
    if (delivering_) exchange->last_sign = now;
    const auto silent_until = exchange->last_sign + limits.idle;
    if (now >= silent_until) co_return Wake::idle;
    co_await exchange->alarm.wait_until(std::min(silent_until, limits.latest));
  }
}

void McpClient::cancel(const std::shared_ptr<Exchange>& exchange, std::string_view reason) {
  if (exchange->answered() || ended_ || channel_.withdraw(exchange->sent)) return;
  channel_.post(notification_text(
      "notifications/cancelled", Json{{"requestId", exchange->id}, {"reason", reason}}
  ));
}

void McpClient::forget(const std::shared_ptr<Exchange>& exchange) {
  exchanges_.erase(exchange->id);
}

ToolResult McpClient::result(const Exchange& exchange) {
  ToolResult result;
  if (exchange.too_large) {
    result.delivery = Delivery::answered;
    result.error = fmt::format("{}: the answer is larger than the limit", options_.title);
    result.hint = "Let the tool write large results to a file in the lane.";
    return result;
  }
  if (!exchange.answer) {
    result.delivery = exchange.sent->untouched() ? Delivery::not_sent : Delivery::unknown;
    result.error = end_reason_;
    result.hint = end_hint_;
    return result;
  }
  result.delivery = Delivery::answered;
  const Envelope& answer = *exchange.answer;
  try {
    if (answer.kind == Envelope::Kind::malformed) throw Failure(Code::invalid, answer.problem);
    Json payload = reader_.payload(answer);
    if (answer.kind == Envelope::Kind::error) {
      read_error(payload, result);
      return result;
    }
    const mcp::ResultType type = mcp::result_type(payload);
    if (type.kind == mcp::ResultType::Kind::complete) {
      mcp::read_call_result(std::move(payload), result);
    } else {
      refuse_input(type, options_.title, result);
    }
  } catch (const Failure& failure) {
    result.succeeded = false;
    result.error = fmt::format("{}: bad answer: {}", options_.title, failure.message());
  }
  return result;
}

}  // namespace opsroom::tools
