#include "tools/server_requests.hpp"

#include "base/digest.hpp"
#include "base/text.hpp"
#include "tools/elicitation.hpp"
#include "tools/mcp_codec.hpp"

#include <boost/asio/detached.hpp>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <vector>

namespace opsroom::tools {
namespace {

constexpr int rejected_by_user = -1;  ///< what the specification has for a refused sampling
constexpr int internal_error = -32603;
constexpr std::size_t most_open = 64;

}  // namespace

/// One request that is being answered.
struct ServerRequests::Question {
  Question(asio::any_io_executor executor, std::string raw_id)
      : id(std::move(raw_id)), withdrawn(std::move(executor)) {}

  std::string id;
  Stop withdrawn;
};

ServerRequests::ServerRequests(
    asio::any_io_executor executor,
    std::string title,
    std::optional<std::filesystem::path> root,
    Reply reply
)
    : executor_(std::move(executor)),
      title_(std::move(title)),
      root_(std::move(root)),
      reply_(std::move(reply)),
      key_prefix_(random_hex(4)) {}

void ServerRequests::send(std::string message) {
  if (reply_) reply_(std::move(message));
}

void ServerRequests::take(
    const Envelope& request, const Json& params, std::shared_ptr<CallSink> call
) {
  if (request.method == "ping") {
    send(result_text(request.id, Json::object()));
  } else if (request.method == "roots/list" && root_) {
    send(result_text(request.id, mcp::roots_result(root_)));
  } else if (request.method == "elicitation/create") {
    elicit(request, params, std::move(call));
  } else if (request.method == "sampling/createMessage") {
    sample(request, params, std::move(call));
  } else {
    send(error_text(
        request.id,
        rpc::method_not_found,
        "opsroom does not offer " + printable_utf8(request.method)
    ));
  }
}

std::shared_ptr<ServerRequests::Question> ServerRequests::open(const std::string& raw_id) {
  if (open_.size() >= most_open || open_.contains(raw_id)) {
    send(error_text(raw_id, rpc::invalid_request, "too many requests at once, or an id in use"));
    return nullptr;
  }
  return open_[raw_id] = std::make_shared<Question>(executor_, raw_id);
}

void ServerRequests::elicit(
    const Envelope& request, const Json& params, std::shared_ptr<CallSink> call
) {
  if (const auto fault = mcp::elicitation_fault(params)) {
    send(error_text(request.id, rpc::invalid_params, *fault));
    return;
  }
  if (!call) {
    spdlog::warn(
        "{} asks for input, and no single call is in flight that it could belong to; the answer "
        "is cancel (\"concurrency\": \"exclusive\" in tools.json keeps calls apart)",
        title_
    );
    send(result_text(request.id, mcp::elicit_result(nullptr, InputReply{})));
    return;
  }
  const auto question = open(request.id);
  if (!question) return;
  auto asking = run_elicitation(shared_from_this(), question, std::move(call), params);
  asio::co_spawn(executor_, std::move(asking), asio::detached);
}

Task<> ServerRequests::run_elicitation(
    std::shared_ptr<ServerRequests> self,
    std::shared_ptr<Question> question,
    std::shared_ptr<CallSink> call,
    Json params
) {
  const Json form = mcp::form_of(params);
  InputAsk ask;
  // Unique beyond this process: a step that is called again asks anew.
  ask.key = fmt::format("{}-{}", self->key_prefix_, ++self->asked_);
  ask.method = "elicitation/create";
  ask.params = std::move(params);
  auto asking = call->ask(std::move(ask), question->withdrawn);
  const InputReply reply = co_await std::move(asking);
  self->settle(question, result_text(question->id, mcp::elicit_result(form, reply)));
}

void ServerRequests::sample(
    const Envelope& request, const Json& params, std::shared_ptr<CallSink> call
) {
  if (!call || !call->samples()) {
    send(error_text(request.id, rejected_by_user, "User rejected sampling request"));
    return;
  }
  const auto question = open(request.id);
  if (!question) return;
  auto asking = run_sampling(shared_from_this(), question, std::move(call), params);
  asio::co_spawn(executor_, std::move(asking), asio::detached);
}

Task<> ServerRequests::run_sampling(
    std::shared_ptr<ServerRequests> self,
    std::shared_ptr<Question> question,
    std::shared_ptr<CallSink> call,
    Json params
) {
  auto asking = call->sample(std::move(params), question->withdrawn);
  const ToolResult said = co_await std::move(asking);
  if (said.succeeded) {
    self->settle(question, result_text(question->id, mcp::sampling_result("opsroom", said)));
    co_return;
  }
  spdlog::warn("{}: its sampling failed: {}", self->title_, said.error);
  self->settle(question, error_text(question->id, internal_error, "the sampling tool failed"));
}

void ServerRequests::settle(const std::shared_ptr<Question>& question, std::string message) {
  const auto found = open_.find(question->id);
  if (found == open_.end() || found->second != question) return;  // withdrawn meanwhile
  open_.erase(found);
  send(std::move(message));
}

void ServerRequests::withdraw(const std::string& raw_id) {
  const auto found = open_.find(raw_id);
  if (found == open_.end()) return;
  const std::shared_ptr<Question> question = found->second;
  open_.erase(found);
  question->withdrawn.request(StopReason::canceled);
}

void ServerRequests::close() {
  reply_ = nullptr;
  auto open = std::exchange(open_, {});
  for (const auto& [id, question] : open)
    question->withdrawn.request(StopReason::canceled);
}

}  // namespace opsroom::tools
