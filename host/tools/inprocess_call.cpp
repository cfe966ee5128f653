#include "tools/inprocess_call.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "tools/call_content.hpp"
#include "tools/early_end.hpp"
#include "tools/json_fields.hpp"
#include "tools/mcp_codec.hpp"
#include "tools/tools_config.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <opsroom/plugin.h>
#include <utility>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration grace = 2s;

int least_level(const std::string& word) {
  if (word == "debug") return OPSROOM_DEBUG;
  if (word == "info") return OPSROOM_INFO;
  if (word == "notice" || word == "warning") return OPSROOM_WARNING;
  return word == "error" ? OPSROOM_ERROR : OPSROOM_ERROR + 1;
}

std::string words_of_capabilities(bool sampling) {
  Json params = Json::object();
  mcp::add_modern_meta(params, {.roots = false, .sampling = sampling});
  return dump(params.at("_meta").at("io.modelcontextprotocol/clientCapabilities"));
}

/// As a plugin in a process of its own hears of them; put together once, not for each call.
std::string_view capabilities(bool sampling) {
  static const std::string plain = words_of_capabilities(false);
  static const std::string with_sampling = words_of_capabilities(true);
  return sampling ? with_sampling : plain;
}

Json text_output(const std::string& text) {
  return {{"text", text}};
}

/// A visitor made of lambdas.
template <class... Cases>
struct Overload : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overload(Cases...) -> Overload<Cases...>;

}  // namespace

InprocessCall::InprocessCall(
    asio::any_io_executor executor,
    InprocessPlugin& plugin,
    const SourceConfig& source,
    ServerCall call,
    std::shared_ptr<CallSink> sink,
    Stop& stop
)
    : executor_(executor),
      plugin_(plugin),
      source_(source),
      call_(std::move(call)),
      sink_(std::move(sink)),
      stop_(stop),
      arguments_(mcp::call_arguments(call_.call)),
      alarm_(std::make_shared<Alarm>(executor)),
      delivering_(executor) {
  sink_->grant(call_.input_limit, call_.sampling);
}

Task<ToolResult> InprocessCall::run() {
  std::exception_ptr failed;
  try {
    resume();
    do {
      auto entering = enter_once();
      co_await std::move(entering);
    } while (std::exchange(again_, false));
  } catch (...) {
    failed = std::current_exception();
  }
  co_await delivering_.wait_until_at_most(0);
  try {
    if (failed) std::rethrow_exception(failed);
  } catch (const Failure& failure) {
    fail(failure.message(), Delivery::not_sent);
    result_.hint = failure.hint();
  }
  mcp::name_artifacts(result_, call_.call.step);
  result_.records = std::move(records_);
  co_return std::move(result_);
}

Task<> InprocessCall::enter_once() {
  enter();
  auto waiting = wait();
  const Wake wake = co_await std::move(waiting);
  if (wake != Wake::answered) {
    invocation_->cancel();
    co_await wait_out_the_grace();
  }
  if (outcome_) {
    take(std::move(*outcome_));
    if (asked_) {
      auto answering = answer_or_fail(*std::exchange(asked_, std::nullopt));
      co_await std::move(answering);
    }
    if (wake != Wake::answered) explain_early_end(result_, wake, call_, stop_);
  } else {
    give_up_thread(wake);
  }
  note();
}

Invocation::Given InprocessCall::given() const {
  const ToolCall& call = call_.call;
  Json context{
      {"run", call.run.value},
      {"step", call.step},
      {"attempt", call.attempt},
      {"idempotencyKey", call.idempotency_key},
      {"workdir", call_.directory},
      {"deadlineMs", unix_ms(call_.latest)}
  };
  if (!responses_.is_null()) context["inputResponses"] = responses_;
  if (!state_.empty()) context["requestState"] = state_;
  Invocation::Given given;
  given.tool = call_.name;
  given.arguments = arguments_;
  given.context = dump(context);
  given.workdir = call_.directory;
  for (const auto& [name, value] : source_.environment) {
    if (name != plugin_config_variable) given.secrets.emplace(name, value);
  }
  given.log_from = least_level(source_.log_level);
  given.capabilities = capabilities(sink_->samples());
  given.structured = plugin_.promises_structure(call_.name);
  given.most_bytes = source_.max_message;
  return given;
}

void InprocessCall::enter() {
  result_ = ToolResult{};
  outcome_.reset();
  bytes_received_ = 0;
  started_ = std::chrono::system_clock::now();
  entered_ = last_sign_ = Clock::now();
  const std::weak_ptr<Alarm> alarm = alarm_;
  invocation_ = plugin_.enter(given(), [alarm] {
    if (const auto bell = alarm.lock()) bell->ring();
  });
}

/// Takes what there is; true when there will be nothing more.
bool InprocessCall::ended() {
  if (listener_busy_) {
    // The plugin may have to wait for it: a silence that is not its own.
    last_sign_ = Clock::now();
    return false;
  }
  outcome_ = invocation_->outcome();
  if (outcome_) return true;
  std::vector<Utterance> said = invocation_->take();
  if (said.empty()) return false;
  listener_busy_ = true;
  delivering_.start(deliver(std::move(said)), [this](std::exception_ptr error) {
    listener_busy_ = false;
    alarm_->ring();
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& reason) {
      spdlog::error("what a plugin said could not be recorded: {}", reason.what());
    }
  });
  return false;
}

Task<> InprocessCall::deliver(std::vector<Utterance> said) {
  for (Utterance& one : said) {
    if (one.stream.empty()) {
      last_sign_ = Clock::now();
      sink_->progress(one.done, one.total, std::move(one.text));
      continue;
    }
    auto logging = sink_->log(std::move(one.stream), std::move(one.text));
    co_await std::move(logging);
  }
  listener_busy_ = false;
  alarm_->ring();
}

Task<Wake> InprocessCall::wait() {
  const auto subscription = stop_.subscribe([alarm = alarm_](StopReason) { alarm->ring(); });
  while (true) {
    if (ended()) co_return Wake::answered;
    if (must_end(stop_)) co_return Wake::stopped;
    const auto now = Clock::now();
    if (now >= call_.latest) co_return Wake::too_long;
    const auto silent_until = last_sign_ + call_.idle_timeout;
    if (now >= silent_until) co_return Wake::idle;
    co_await alarm_->wait_until(std::min(silent_until, call_.latest));
  }
}

Task<> InprocessCall::wait_out_the_grace() {
  const auto until = Clock::now() + grace;
  while (!ended() && Clock::now() < until)
    co_await alarm_->wait_until(until);
}

void InprocessCall::take(Outcome outcome) {
  const auto blame = [this](std::string text) {
    fail(std::move(text), Delivery::answered);
    result_.output = text_output(result_.error);
  };
  std::visit(
      Overload{
          [this](Left&) { result_.delivery = Delivery::unknown; },
          [this](Said& said) { take_result(std::move(said)); },
          [this](Asked& asked) { asked_ = std::move(asked); },
          [this](Refused& refused) { fail(std::move(refused.why), Delivery::rejected); },
          [this, &blame](Misbehaved& misbehaved) {
            blame(fmt::format("plugin misbehaving: {}: {}", call_.name, misbehaved.how));
            plugin_.retire(result_.error);
          }
      },
      outcome
  );
}

void InprocessCall::take_result(Said said) {
  result_.delivery = Delivery::answered;
  bytes_received_ = said.bytes;
  if (said.bytes > source_.max_message) {
    fail(
        fmt::format("{}: the answer is larger than the limit", source_.title()), Delivery::answered
    );
    result_.hint = "Let the tool write large results to a file in the lane.";
    return;
  }
  try {
    mcp::read_call_result(std::move(said.result), result_);
    for (ArtifactDraft& draft : invocation_->take_artifacts())
      result_.artifacts.push_back(std::move(draft));
  } catch (const Failure& failure) {
    result_.succeeded = false;
    result_.error = fmt::format("{}: bad answer: {}", source_.title(), failure.message());
  }
  if (said.broken) plugin_.retire(result_.error);
}

void InprocessCall::fail(std::string error, Delivery delivery) {
  result_ = ToolResult{};
  result_.delivery = delivery;
  result_.error = std::move(error);
}

/// It neither answered nor left: nothing but the end of this process can stop it now.
void InprocessCall::give_up_thread(Wake wake) {
  result_.delivery = Delivery::unknown;
  explain_early_end(result_, wake, call_, stop_);
  const std::string why = fmt::format(
      "{} did not return within {} after it was told to", call_.call.tool, duration_text(grace)
  );
  result_.hint = fmt::format(
      "{}, so {} is not used any more and the worker ends itself, to be started anew. It needs a "
      "process of its own: leave out \"isolation\" at {}.",
      why,
      source_.title(),
      source_.place
  );
  const bool harmful = wake == Wake::stopped && stop_.reason() == StopReason::lease_lost;
  plugin_.lose_thread(why, harmful);
}

void InprocessCall::note() {
  CallRecord record;
  record.tool = call_.call.tool;
  record.server = std::make_shared<const std::string>(plugin_.identity());
  record.pin = call_.pin;
  record.argument_sha256 = sha256_hex(arguments_);
  record.started = started_;
  record.took = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - entered_);
  record.bytes_sent = static_cast<std::int64_t>(arguments_.size());
  record.bytes_received = static_cast<std::int64_t>(bytes_received_);
  record.round = again_ ? round_ - 1 : round_;
  record.delivery = result_.delivery;
  record.outcome = outcome_word();
  records_.push_back(std::move(record));
}

std::string InprocessCall::outcome_word() const {
  if (again_ || result_.suspended) return "input_required";
  if (result_.timed_out) return "timed_out";
  if (result_.canceled) return "canceled";
  return result_.succeeded ? "succeeded" : "failed";
}

}  // namespace opsroom::tools
