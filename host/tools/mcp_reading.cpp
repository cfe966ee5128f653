#include "base/failure.hpp"
#include "base/text.hpp"
#include "tools/json_fields.hpp"
#include "tools/mcp_client.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <charconv>

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

/// Holds messages back as long as it lives.
class Held {
 public:
  explicit Held(MessageChannel& channel) : channel_(channel) { channel_.hold(); }
  ~Held() { channel_.release(); }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

 private:
  MessageChannel& channel_;
};

std::optional<std::int64_t> token_of(const Json& params) {
  const auto token = params.is_object() ? params.find("progressToken") : params.end();
  if (!params.is_object() || token == params.end()) return std::nullopt;
  if (token->is_number_integer()) return token->get<std::int64_t>();
  // Ours are integers; a server that gives "7" back for 7 is understood.
  std::int64_t value = 0;
  const std::string text = token->is_string() ? token->get<std::string>() : std::string();
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_list_change(std::string_view method) {
  return method == "notifications/tools/list_changed" ||
         method == "notifications/prompts/list_changed" ||
         method == "notifications/resources/list_changed";
}

spdlog::level::level_enum severity_of(const Json& params) {
  const std::string level = text_field(params, "level");
  if (level == "debug") return spdlog::level::debug;
  return level.empty() || level == "info" || level == "notice" ? spdlog::level::info
                                                               : spdlog::level::warn;
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
    heard_ = Clock::now();
    take_all(std::move(*incoming));
    while (!lines_.empty()) {
      LogLine line = std::move(lines_.front());
      lines_.pop_front();
      auto delivery = deliver(std::move(line));
      co_await std::move(delivery);
    }
  }
}

// Log lines are waited for; everything else that has come is taken before anything is sent.
void McpClient::take_all(Incoming first) {
  const Held held(channel_);
  std::optional<Incoming> incoming = std::move(first);
  do {
    take(std::move(*incoming));
    incoming = lines_.empty() ? channel_.ready() : std::nullopt;
  } while (incoming);
}

void McpClient::take(Incoming incoming) {
  if (incoming.kind != Incoming::Kind::message) {
    take_oversize(incoming);
    return;
  }
  dispatch(reader_.read(std::move(incoming.text)));
}

void McpClient::dispatch(Envelope&& envelope) {
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

void McpClient::take_answer(Envelope&& envelope) {
  if (take_listening_end(envelope)) return;
  const auto id = envelope.number();
  const auto* found = id ? exchanges_.find(*id) : nullptr;
  if (found == nullptr || (*found)->answered()) return;  // stray, late or twice
  if (envelope.repaired) {
    spdlog::warn("{}: invalid UTF-8 in an answer was replaced", options_.title);
  }
  const std::shared_ptr<Exchange> exchange = *found;
  exchange->answer = std::move(envelope);
  exchange->ended = heard_;
  exchange->alarm.ring_now();  // Last: whoever waits may change everything here.
}

void McpClient::take_request(const Envelope& request) {
  if (era_ == Era::modern) {
    spdlog::warn(
        "{}: sent a request ({}), which {} forbids; ignored",
        options_.title,
        escaped(request.method),
        modern_version
    );
    return;
  }
  Json params;
  try {
    params = reader_.payload(request);
  } catch (const Failure& failure) {
    reply(error_text(request.id, rpc::invalid_params, failure.message()));
    return;
  }
  // Its progress token, if it has one, is the server's own.
  auto call = call_of_task(params);
  requests_->take(request, params, call ? std::move(call) : only_call());
}

void McpClient::reply(std::string message) {
  if (channel_.queued() < most_replies_queued) channel_.post(std::move(message));
}

void McpClient::take_notification(const Envelope& notification) {
  const std::string& method = notification.method;
  const bool known = method == "notifications/progress" || method == "notifications/message" ||
                     method == "notifications/cancelled" || is_list_change(method);
  if (!known) return;
  try {
    const Json params = reader_.payload(notification);
    if (is_list_change(method)) {
      take_change(params);
    } else if (!params.is_object()) {
      return;
    } else if (method == "notifications/progress") {
      take_progress(params);
    } else if (method == "notifications/message") {
      take_log(params);
    } else {
      take_cancelled(params);
    }
  } catch (const Failure& failure) {
    spdlog::warn("{}: {}: {}", options_.title, method, failure.message());
  }
}

void McpClient::take_progress(const Json& params) {
  const auto token = token_of(params);
  const auto done = number_at(params, "progress");
  const auto* found = token ? exchanges_.find(*token) : nullptr;
  if (found == nullptr || !(*found)->sink || !done) return;
  Exchange& call = **found;
  const bool over = call.answered() && !call.became_task;
  if (over || (call.progress && *done <= *call.progress)) return;
  call.progress = done;
  call.sink->sign();
  const auto message = params.find("message");
  const bool has_text = message != params.end() && message->is_string();
  call.sink->progress(
      *done, number_at(params, "total"), has_text ? message->get<std::string>() : std::string()
  );
}

void McpClient::take_log(const Json& params) {
  std::string text = mcp::log_text(params);
  if (text.empty()) return;
  if (auto sink = call_named_in(params)) {
    lines_.push_back({std::move(sink), mcp::log_stream(params), std::move(text)});
    return;
  }
  // With several calls in flight, or none, it is the server's own affair.
  spdlog::log(
      severity_of(params), "{}: {}: {}", options_.title, mcp::log_stream(params), escaped(text)
  );
}

// A modern server speaks of changes only on the stream that was opened for it.
void McpClient::take_change(const Json& params) {
  if (!options_.on_tools_changed) return;
  if (era_ == Era::modern) {
    const std::string stream = mcp::subscription_id(params);
    if (listening_ == 0 || stream != std::to_string(listening_)) return;
  }
  options_.on_tools_changed();
}

void McpClient::take_cancelled(const Json& params) {
  const auto id = params.find("requestId");
  if (id == params.end()) return;
  if (era_ != Era::modern) {
    requests_->withdraw(dump(*id));
  } else if (listening_ != 0 && *id == listening_) {
    listen_again();
  }
}

std::shared_ptr<CallSink> McpClient::call_of_task(const Json& params) const {
  const std::string task = mcp::related_task(params);
  const auto found = task.empty() ? tasks_.end() : tasks_.find(task);
  return found == tasks_.end() ? nullptr : found->second;
}

std::shared_ptr<CallSink> McpClient::call_named_in(const Json& params) const {
  if (auto call = call_of_task(params)) return call;
  const auto id = mcp::related_request(params);
  if (!id) return only_call();
  const auto* found = exchanges_.find(*id);
  return found == nullptr ? nullptr : (*found)->sink;
}

std::shared_ptr<CallSink> McpClient::only_call() const {
  std::shared_ptr<CallSink> only;
  bool several = false;
  exchanges_.for_each([&only, &several](const auto& exchange) {
    if (!exchange->sink || exchange->answered()) return;
    several = several || (only && only != exchange->sink);
    only = exchange->sink;
  });
  return several ? nullptr : only;
}

Task<> McpClient::deliver(LogLine line) {
  delivering_ = true;
  const auto before = Clock::now();
  co_await line.sink->log(std::move(line.stream), std::move(line.text));
  // The time a slow listener took is not the server's silence.
  if (Clock::now() - before > slow_delivery) line.sink->sign();
  delivering_ = false;
}

void McpClient::take_oversize(const Incoming& incoming) {
  const bool at_end = incoming.kind == Incoming::Kind::oversize_end;
  if (at_end && std::exchange(oversize_blamed_, false)) return;
  const auto id = id_within(incoming.text, at_end);
  std::shared_ptr<Exchange> blamed;
  if (const auto* found = id ? exchanges_.find(*id) : nullptr) blamed = *found;
  // With one request in flight there is no doubt, even before the message has ended.
  if (!blamed && exchanges_.size() == 1) {
    exchanges_.for_each([&blamed](const auto& only) { blamed = only; });
  }
  const bool is_answer = at_end || incoming.text.find("\"method\":") == std::string::npos;
  if (!at_end) {
    spdlog::warn("{}: a message is larger than the limit and is dropped", options_.title);
    oversize_blamed_ = !is_answer || blamed != nullptr;
  }
  if (!blamed || !is_answer) return;
  blamed->too_large = true;
  blamed->ended = heard_;
  blamed->alarm.ring();
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
