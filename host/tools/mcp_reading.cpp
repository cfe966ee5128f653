#include "base/failure.hpp"
#include "base/text.hpp"
#include "tools/mcp_client.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>

// What comes from the server. Nothing here waits but the delivery of log lines, which holds the
// reading back until the listener has taken them.

namespace opsroom::tools {
namespace {

constexpr std::size_t noise_shown = 5;
constexpr Clock::duration slow_delivery = std::chrono::milliseconds(100);
constexpr std::size_t excerpt_bytes = 200;
// A server that asks faster than it reads the answers gets no more of them.
constexpr std::size_t most_replies_queued = 1000;

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, excerpt_bytes)) {
    if (std::isprint(static_cast<unsigned char>(c)) != 0) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text.size() > excerpt_bytes ? out + "..." : out;
}

/// The id in a piece of a message that is too large to be parsed: servers put it first or last.
std::optional<std::int64_t> id_within(std::string_view piece, bool from_end) {
  constexpr std::string_view key = "\"id\":";
  const std::size_t at = from_end ? piece.rfind(key) : piece.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view rest = piece.substr(at + key.size());
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '"'))
    rest.remove_prefix(1);
  std::int64_t value = 0;
  std::size_t digits = 0;
  while (digits < rest.size() && digits < 18 && rest[digits] >= '0' && rest[digits] <= '9') {
    value = value * 10 + (rest[digits++] - '0');
  }
  return digits == 0 ? std::nullopt : std::optional(value);
}

std::optional<std::int64_t> token_of(const Json& params) {
  const auto token = params.is_object() ? params.find("progressToken") : params.end();
  if (!params.is_object() || token == params.end()) return std::nullopt;
  if (token->is_number_integer()) return token->get<std::int64_t>();
  return std::nullopt;
}

std::optional<double> number_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number()) return std::nullopt;
  return found->get<double>();
}

}  // namespace

Task<> McpClient::run() {
  while (true) {
    auto incoming = co_await channel_.next();
    if (!incoming) break;
    take(std::move(*incoming));
    while (!lines_.empty()) {
      LogLine line = std::move(lines_.front());
      lines_.pop_front();
      auto delivery = deliver(std::move(line));
      co_await std::move(delivery);
    }
  }
}

void McpClient::take(Incoming incoming) {
  if (incoming.kind != Incoming::Kind::message) {
    take_oversize(incoming);
    return;
  }
  dispatch(reader_.read(std::move(incoming.text)));
}

void McpClient::dispatch(Envelope envelope) {
  switch (envelope.kind) {
    case Envelope::Kind::request:
      take_request(envelope);
      return;
    case Envelope::Kind::notification:
      take_notification(envelope);
      return;
    case Envelope::Kind::result:
    case Envelope::Kind::error:
    case Envelope::Kind::malformed:
      take_answer(std::move(envelope));
      return;
    case Envelope::Kind::batch:
      for (std::string& text : reader_.split(envelope)) {
        Envelope part = reader_.read(std::move(text));
        if (part.kind != Envelope::Kind::batch) dispatch(std::move(part));
      }
      return;
    case Envelope::Kind::noise:
      note_noise(envelope);
      return;
  }
}

void McpClient::take_answer(Envelope envelope) {
  const auto id = envelope.number();
  const auto found = id ? exchanges_.find(*id) : exchanges_.end();
  if (found == exchanges_.end() || found->second->answered()) return;  // stray, late or twice
  if (envelope.repaired) {
    spdlog::warn("{}: invalid UTF-8 in an answer was replaced", options_.title);
  }
  found->second->answer = std::move(envelope);
  found->second->alarm.ring();
}

void McpClient::take_request(const Envelope& request) {
  if (era_ == Era::modern) {
    spdlog::warn(
        "{}: sent a request ({}), which {} forbids; ignored",
        options_.title,
        escaped(request.method),
        modern_version
    );
  } else if (request.method == "ping") {
    reply(result_text(request.id, Json::object()));
  } else if (request.method == "roots/list" && options_.root) {
    reply(result_text(request.id, mcp::roots_result(*options_.root)));
  } else {
    // Where elicitation and sampling will be handed to the input port.
    reply(error_text(request.id, rpc::method_not_found, "opsroom does not offer " + request.method)
    );
  }
}

void McpClient::reply(std::string message) {
  if (channel_.queued() < most_replies_queued) channel_.post(std::move(message));
}

void McpClient::take_notification(const Envelope& notification) {
  const bool is_progress = notification.method == "notifications/progress";
  if (!is_progress && notification.method != "notifications/message") return;
  try {
    const Json params = reader_.payload(notification);
    if (!params.is_object()) return;
    is_progress ? take_progress(params) : take_log(params);
  } catch (const Failure& failure) {
    spdlog::warn("{}: {}: {}", options_.title, notification.method, failure.message());
  }
}

void McpClient::take_progress(const Json& params) {
  const auto token = token_of(params);
  const auto done = number_at(params, "progress");
  const auto found = token ? exchanges_.find(*token) : exchanges_.end();
  if (found == exchanges_.end() || !found->second->sink || !done) return;
  Exchange& call = *found->second;
  if (call.answered() || (call.progress && *done <= *call.progress)) return;
  call.progress = done;
  call.last_sign = Clock::now();
  const auto message = params.find("message");
  const bool has_text = message != params.end() && message->is_string();
  call.sink->progress(
      *done, number_at(params, "total"), has_text ? message->get<std::string>() : std::string()
  );
}

void McpClient::take_log(const Json& params) {
  auto call = only_call();
  std::string text = mcp::log_text(params);
  // With several calls in flight a log message names none of them.
  if (call == nullptr || text.empty()) return;
  lines_.push_back({std::move(call), mcp::log_stream(params), std::move(text)});
}

std::shared_ptr<Exchange> McpClient::only_call() const {
  std::shared_ptr<Exchange> only;
  for (const auto& [id, exchange] : exchanges_) {
    if (!exchange->sink || exchange->answered()) continue;
    if (only) return nullptr;
    only = exchange;
  }
  return only;
}

Task<> McpClient::deliver(LogLine line) {
  delivering_ = true;
  const std::shared_ptr<CallSink> sink = line.call->sink;
  const auto before = Clock::now();
  co_await sink->log(std::move(line.stream), std::move(line.text));
  // The time a slow listener took is not the server's silence.
  if (Clock::now() - before > slow_delivery) line.call->last_sign = Clock::now();
  delivering_ = false;
}

void McpClient::take_oversize(const Incoming& incoming) {
  const bool at_end = incoming.kind == Incoming::Kind::oversize_end;
  if (at_end && std::exchange(oversize_blamed_, false)) return;
  const auto id = id_within(incoming.text, at_end);
  auto found = id ? exchanges_.find(*id) : exchanges_.end();
  // With one request in flight there is no doubt, even before the message has ended.
  if (found == exchanges_.end() && exchanges_.size() == 1) found = exchanges_.begin();
  const bool is_answer = at_end || incoming.text.find("\"method\":") == std::string::npos;
  if (!at_end) {
    spdlog::warn("{}: a message is larger than the limit and is dropped", options_.title);
    oversize_blamed_ = !is_answer || found != exchanges_.end();
  }
  if (found == exchanges_.end() || !is_answer) return;
  found->second->too_large = true;
  found->second->alarm.ring();
}

void McpClient::note_noise(const Envelope& envelope) {
  ++noise_;
  if (noise_ > noise_shown) return;
  spdlog::warn(
      "{}: a line on stdout is no message ({}): {}{}",
      options_.title,
      envelope.problem,
      escaped(envelope.text),
      noise_ == noise_shown ? " (further ones are only counted)" : ""
  );
}

}  // namespace opsroom::tools
