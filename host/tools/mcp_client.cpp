#include "tools/mcp_client.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"
#include "tools/json_fields.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <set>

namespace opsroom::tools {
namespace {

/// What a list holds, and by which member its entries are told apart.
struct ListKind {
  std::string_view method;
  const char* member;
  const char* key;
};

const ListKind& list_kind(const std::string& method) {
  static constexpr std::array<ListKind, 4> kinds{{
      {"tools/list", "tools", "name"},
      {"prompts/list", "prompts", "name"},
      {"resources/list", "resources", "uri"},
      {"resources/templates/list", "resourceTemplates", "uriTemplate"},
  }};
  for (const ListKind& kind : kinds) {
    if (kind.method == method) return kind;
  }
  throw Failure(Code::internal, fmt::format("{} is no list", method));
}

/// Keeps what holds for all pages read so far. A page without a word does not stretch another's.
void narrow(mcp::CacheHint& all, const mcp::CacheHint& page, bool first) {
  all.shared = page.shared && (first || all.shared);
  if (page.ttl) all.ttl = std::min(*page.ttl, all.ttl.value_or(*page.ttl));
}

}  // namespace

McpClient::McpClient(asio::any_io_executor executor, MessageChannel& channel, ClientOptions options)
    : executor_(std::move(executor)),
      alarm_(executor_),
      channel_(channel),
      options_(std::move(options)) {
  const auto answer = [this](std::string message) { reply(std::move(message)); };
  requests_ = std::make_shared<ServerRequests>(executor_, options_.title, options_.root, answer);
}

McpClient::~McpClient() {
  requests_->close();
}

mcp::ClientProfile McpClient::profile() const {
  return {options_.root.has_value(), options_.sampling, options_.log_level};
}

void McpClient::end(std::string reason, std::string hint) {
  if (ended_) return;
  ended_ = true;
  end_reason_ = std::move(reason);
  end_hint_ = std::move(hint);
  requests_->close();
  exchanges_.for_each([](const auto& exchange) {
    exchange->peer_gone = true;
    exchange->alarm.ring();
  });
}

std::shared_ptr<Exchange> McpClient::register_exchange(
    std::string_view method, Clock::time_point now
) {
  auto exchange = std::make_shared<Exchange>(Alarm::Like{alarm_});
  exchange->id = ++last_id_;
  exchange->method = method;
  exchange->last_sign = now;
  exchange->peer_gone = ended_;
  exchanges_.add(exchange);
  channel_.await_answers(exchanges_.size());
  return exchange;
}

/// Its bytes lie in the exchange, which lives until they have left.
void McpClient::post(const std::shared_ptr<Exchange>& exchange, std::string text) {
  exchange->bytes = text.size();
  exchange->sent.bytes = std::move(text);
  channel_.post(std::shared_ptr<Outgoing>(exchange, &exchange->sent));
}

std::shared_ptr<Exchange> McpClient::send(std::string method, const Json& params) {
  auto exchange = register_exchange(method, Clock::now());
  std::string text = request_text(exchange->id, exchange->method, params);
  post(exchange, std::move(text));
  return exchange;
}

Task<std::shared_ptr<Exchange>> McpClient::ask(
    std::string method, Json params, Clock::time_point deadline
) {
  if (era_ == Era::modern) mcp::add_modern_meta(params, profile());
  auto exchange = send(std::move(method), params);
  while (!exchange->answered() && !exchange->peer_gone && Clock::now() < deadline) {
    co_await exchange->alarm.wait_until(deadline);
  }
  // An opening cannot be cancelled; of anything else the server may spare itself the rest.
  if (era_) cancel(exchange, "no answer in time");
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

Json McpClient::answer_of(const Exchange& exchange) {
  if (!exchange.answer) fail_unanswered(exchange);
  const Envelope& answer = *exchange.answer;
  const std::string& method = exchange.method;
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

std::optional<mcp::RpcError> McpClient::error_of(const Exchange& exchange) {
  if (!exchange.answer || exchange.answer->kind != Envelope::Kind::error) return std::nullopt;
  try {
    return mcp::rpc_error(reader_.payload(*exchange.answer));
  } catch (const Failure& failure) {
    return mcp::RpcError{0, failure.message(), Json()};
  }
}

Task<Json> McpClient::request(std::string method, Json params, Clock::duration deadline) {
  auto asking = ask(method, std::move(params), Clock::now() + deadline);
  const auto exchange = co_await std::move(asking);
  Json result = answer_of(*exchange);
  check_result_type(result, method);
  co_return result;
}

void McpClient::check_result_type(const Json& result, const std::string& method) {
  using Kind = mcp::ResultType::Kind;
  const mcp::ResultType type = mcp::result_type(result);
  if (type.word.empty()) note_missing_type();
  if (type.kind == Kind::complete || era_ != Era::modern) return;
  if (type.kind == Kind::input_required &&
      (method == "prompts/get" || method == "resources/read")) {
    throw Failure(
        Code::unsupported,
        fmt::format("{} asks for input before it answers {}", options_.title, method),
        "Only tools are given input: give it everything it asks for in the arguments."
    );
  }
  throw Failure(
      Code::invalid,
      fmt::format("{} answered {} with the resultType '{}'", options_.title, method, type.word)
  );
}

void McpClient::note_missing_type() {
  if (era_ != Era::modern || std::exchange(missing_type_noted_, true)) return;
  spdlog::warn(
      "{}: a result without resultType, which {} demands; taken as complete",
      options_.title,
      modern_version
  );
}

Task<Listing> McpClient::list(std::string method, Clock::duration deadline) {
  const auto until = Clock::now() + deadline;
  const ListKind& kind = list_kind(method);
  Listing listing;
  std::set<std::string> names;
  std::set<std::string> cursors;
  std::optional<std::string> cursor;
  for (std::size_t pages = 0; pages < most_pages; ++pages) {
    Json params = Json::object();
    if (cursor) params["cursor"] = *cursor;
    auto asking = request(method, std::move(params), until - Clock::now());
    Json answer = co_await std::move(asking);
    mcp::Page page = mcp::page(std::move(answer), method, kind.member, kind.key);
    for (Json& entry : page.entries) {
      // The first of a name wins, in the server's order: the list is the same every time.
      const auto name = entry[kind.key].get<std::string>();
      if (names.insert(name).second) {
        listing.entries.push_back(std::move(entry));
      } else {
        spdlog::warn(
            "{}: {} names '{}' twice; the first counts",
            options_.title,
            method,
            printable_utf8(name)
        );
      }
    }
    narrow(listing.cache, page.cache, pages == 0);
    if (!page.next) co_return listing;
    if (!cursors.insert(*page.next).second || listing.entries.size() > most_entries) break;
    cursor = page.next;
  }
  throw Failure(
      Code::exhausted,
      fmt::format("{}: its {} does not end", options_.title, method),
      fmt::format("At most {} pages and {} entries are read.", most_pages, most_entries)
  );
}

Task<std::vector<Json>> McpClient::list_tools(Clock::duration deadline) {
  auto listing = list("tools/list", deadline);
  Listing tools = co_await std::move(listing);
  learn_tasks(tools.entries);
  tools_ttl_ = tools.cache.ttl;
  co_return std::move(tools.entries);
}

Task<bool> McpClient::answers(Clock::duration patience) {
  const std::string method = era_ == Era::modern ? "server/discover" : "ping";
  auto asking = ask(method, Json::object(), Clock::now() + patience);
  const auto exchange = co_await std::move(asking);
  co_return exchange->answered();
}

void McpClient::learn_tasks(const std::vector<Json>& tools) {
  tools_known_ = true;
  task_tools_.clear();
  for (const Json& tool : tools) {
    const Json* execution = field(tool, "execution");
    if (execution == nullptr || text_field(*execution, "taskSupport") != "required") continue;
    task_tools_.insert(text_field(tool, "name"));
  }
}

bool McpClient::must_learn_tasks() const {
  if (tools_known_ || era_ != Era::legacy) return false;
  const Json* tasks = object_field(capabilities_, "tasks");
  const Json* requests = tasks == nullptr ? nullptr : object_field(*tasks, "requests");
  const Json* tools = requests == nullptr ? nullptr : object_field(*requests, "tools");
  return tools != nullptr && field(*tools, "call") != nullptr;
}

}  // namespace opsroom::tools
