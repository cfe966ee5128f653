#include "base/failure.hpp"
#include "base/text.hpp"
#include "tools/call_flow.hpp"
#include "tools/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

// Calls that a server answers with a task. A modern task is put aside: nothing waits for it but a
// row in the database, and any worker asks after it later. A legacy one dies with its conversation,
// so it is followed where it was begun.

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration usual_poll = 2s;
constexpr Clock::duration shortest_poll = 100ms;
constexpr Clock::duration shortest_look = 1s;
constexpr Clock::duration longest_poll = 1h;
constexpr Clock::duration no_limit = std::chrono::hours(24 * 365);
constexpr int most_misses = 5;
constexpr std::size_t longest_status = 500;

/// How long to wait before asking again, as the server wishes.
Clock::duration poll_of(const Json& task) {
  for (const char* key : {"pollIntervalMs", "pollInterval"}) {
    const Json* wish = field(task, key);
    if (wish == nullptr || !wish->is_number()) continue;
    const double ms = std::clamp(wish->get<double>(), 0.0, 3'600'000.0);
    const auto poll = std::chrono::milliseconds(static_cast<std::int64_t>(ms));
    return std::clamp<Clock::duration>(poll, shortest_poll, longest_poll);
  }
  return usual_poll;
}

Milliseconds look_again_after(Clock::duration poll) {
  return std::chrono::duration_cast<Milliseconds>(std::max(poll, shortest_look));
}

std::string status_of(const Json& task) {
  return text_field(task, "status");
}

std::string said_of(const Json& task) {
  return printable_utf8(text_field(task, "statusMessage").substr(0, longest_status));
}

bool is_over(const std::string& status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

}  // namespace

/// A request about the task; how waiting for it ended is in `wake_` too.
Task<Wake> CallFlow::request(std::string method, Json params, Clock::duration patience) {
  if (exchange_ && exchange_ != created_) client_.forget(exchange_);
  started_ = std::chrono::system_clock::now();
  sent_ = Clock::now();
  exchange_ = client_.start_request(std::move(method), std::move(params), sink_);
  const CallLimits limit{patience, limits().latest};
  auto waiting = client_.wait(exchange_, limit, stop_);
  wake_ = co_await std::move(waiting);
  client_.forget(exchange_);
  co_return wake_;
}

/// False when something else came first; `wake_` says what.
Task<bool> CallFlow::sleep(Clock::duration duration) {
  if (exchange_ && exchange_ != created_) client_.forget(exchange_);
  exchange_ = client_.hold_open(sink_);
  const auto latest = limits().latest;
  const auto until = std::min(latest, Clock::now() + duration);
  auto waiting = client_.wait(exchange_, CallLimits{no_limit, until}, stop_);
  const Wake wake = co_await std::move(waiting);
  client_.forget(exchange_);
  const bool slept = wake == Wake::answered || (wake == Wake::too_long && until < latest);
  wake_ = slept ? Wake::answered : wake;
  co_return slept;
}

Task<> CallFlow::begin_task(Json task) {
  const std::string id = text_field(task, "taskId");
  if (id.empty()) {
    throw Failure(
        Code::invalid, fmt::format("{}: bad answer: a task without an id", client_.title())
    );
  }
  task_ = id;
  if (client_.era() == Era::legacy) {
    auto following = follow_legacy_task(std::move(task));
    co_await std::move(following);
    co_return;
  }
  CallState state;
  state.kind = CallState::Kind::task;
  state.round = round_;
  state.task = id;
  auto following = follow_task(std::move(state), std::move(task));
  co_await std::move(following);
}

// --- 2025-11-25 ---

Task<> CallFlow::follow_legacy_task(Json task) {
  const std::string id = text_field(task, "taskId");
  // Its progress token stays valid, and its questions come as requests of the server.
  created_ = exchange_;
  created_->became_task = true;
  client_.keep(created_);
  client_.adopt_task(id, sink_);
  std::string last_said;
  while (true) {
    const std::string status = status_of(task);
    std::string said = said_of(task);
    if (!said.empty() && said != last_said) {
      last_said = said;
      co_await sink_->log("task", std::move(said));
    }
    if (is_over(status) || status == "input_required") {
      auto finishing = finish_legacy_task(id, status);
      co_await std::move(finishing);
      co_return;
    }
    auto sleeping = sleep(poll_of(task));
    if (!co_await std::move(sleeping)) co_return;
    auto asking = request("tasks/get", Json{{"taskId", id}}, call_.idle_timeout);
    if (co_await std::move(asking) != Wake::answered) co_return;
    task = client_.answer_of(*exchange_);
  }
}

/// tasks/result answers when the task is over; a task that wants input asks for it meanwhile.
Task<> CallFlow::finish_legacy_task(std::string id, std::string status) {
  ++round_;
  auto asking = request("tasks/result", Json{{"taskId", id}}, no_limit);
  if (co_await std::move(asking) != Wake::answered) co_return;
  result_ = client_.result(*exchange_);
  result_.delivery = Delivery::answered;
  if (status == "cancelled" && !result_.succeeded) {
    result_.error = fmt::format("{} has cancelled the task: {}", client_.title(), result_.error);
  }
  note(*exchange_, outcome());
  task_.clear();
  client_.drop_task(id);
}

// --- The extension of 2026-07-28 ---

/// `task`: as it was just told, or null when it has to be asked after first.
Task<> CallFlow::follow_task(CallState state, Json task) {
  task_ = state.task;
  next_ = Next::over;
  const auto hold_until = Clock::now() + call_.task_hold;
  if (task.is_null()) {
    auto resuming = resume_task(state);
    if (!co_await std::move(resuming)) co_return;
  }
  while (true) {
    const std::string status = status_of(task);
    if (is_over(status) && (task.contains("result") || status != "completed")) {
      end_task(task);
      co_return;
    }
    if (status == "input_required") {
      auto taking = take_task_input(state, task);
      if (!co_await std::move(taking)) co_return;
    }
    const bool told = status == "working" || status == "input_required";
    if (told) {
      const auto poll = poll_of(task);
      if (Clock::now() + poll > hold_until) {
        put_task_aside(std::move(state), task);
        co_return;
      }
      auto sleeping = sleep(poll);
      if (!co_await std::move(sleeping)) {
        if (outlived_by_task()) put_task_aside(std::move(state), task);
        co_return;
      }
    }
    auto asking = request("tasks/get", Json{{"taskId", state.task}}, call_.idle_timeout);
    const Wake wake = co_await std::move(asking);
    if (wake == Wake::idle || wake == Wake::peer_gone) {
      miss_task(std::move(state));
      co_return;
    }
    if (wake != Wake::answered) {
      if (outlived_by_task()) put_task_aside(std::move(state), task);
      co_return;
    }
    if (const auto error = client_.error_of(*exchange_)) {
      lose_task(state.task, error->message);
      co_return;
    }
    task = client_.answer_of(*exchange_);
    state.misses = 0;
    if (!is_over(status_of(task)) && status_of(task) != "working" &&
        status_of(task) != "input_required") {
      throw Failure(
          Code::invalid,
          fmt::format("{}: a task in the unknown status '{}'", client_.title(), status_of(task))
      );
    }
  }
}

/// Hands in the answers that the task was put aside for. False when that ended the call.
Task<bool> CallFlow::resume_task(CallState& state) {
  Json responses = input_responses(state, call_.call.answers);
  if (responses.empty()) co_return true;
  Json params{{"taskId", state.task}, {"inputResponses", responses}};
  auto asking = request("tasks/update", std::move(params), call_.idle_timeout);
  const Wake wake = co_await std::move(asking);
  if (wake == Wake::idle || wake == Wake::peer_gone) {
    fail(
        Failure(
            Code::unavailable,
            fmt::format(
                "{} did not take the answers for its task '{}'", client_.title(), state.task
            ),
            "Whether they arrived is not known. See the server's log, then start the run again."
        ),
        Delivery::unknown
    );
    suspect_ = wake == Wake::idle;
    wake_ = Wake::answered;
  }
  if (wake != Wake::answered) co_return false;
  if (const auto error = client_.error_of(*exchange_)) {
    lose_task(state.task, error->message);
    co_return false;
  }
  for (const auto& [key, response] : responses.items())
    state.answered.insert(key);
  state.given = Json::object();
  state.forms = Json::object();
  co_return true;
}

/// What the task asks for and was not given yet. False when the call waits for a person now.
Task<bool> CallFlow::take_task_input(CallState& state, const Json& task) {
  const Json* requests = object_field(task, "inputRequests");
  if (requests == nullptr) {
    throw Failure(
        Code::invalid, fmt::format("{}: a task wants input, but not which", client_.title())
    );
  }
  auto sorting = sort_inputs(*requests, state.answered);
  Inputs inputs = co_await std::move(sorting);
  state.given = std::move(inputs.given);
  state.forms = std::move(inputs.forms);
  if (!inputs.asks.empty()) {
    note(*exchange_, "input_required");
    suspend(state, std::move(inputs.asks), std::nullopt);
    co_return false;
  }
  auto handing = resume_task(state);
  co_return co_await std::move(handing);
}

void CallFlow::end_task(const Json& task) {
  const std::string status = status_of(task);
  const std::string said = said_of(task);
  result_ = ToolResult{};
  result_.delivery = Delivery::answered;
  if (status == "completed") {
    result_ = client_.task_result(task.at("result"));
  } else if (status == "cancelled") {
    result_.error = fmt::format(
        "{} has cancelled the task{}{}", client_.title(), said.empty() ? "" : ": ", said
    );
  } else {
    const Json* error = field(task, "error");
    const mcp::RpcError why = mcp::rpc_error(error == nullptr ? Json() : *error);
    result_.error = fmt::format(
        "{}{}{} (JSON-RPC error {})", said, said.empty() ? "" : ": ", why.message, why.code
    );
  }
  note(*exchange_, outcome());
  task_.clear();
}

/// The server knows nothing of the task any more: it may have done its work, or not.
void CallFlow::lose_task(const std::string& id, const std::string& said) {
  fail(
      Failure(
          Code::not_found,
          fmt::format("{} no longer knows its task '{}': {}", client_.title(), id, said),
          "Its tasks do not outlive its process, or only for a time: give its source a "
          "\"taskHold\" longer than they take, or \"scope\": \"host\", in tools.json."
      ),
      Delivery::unknown
  );
  note(*exchange_, "failed");
  task_.clear();
}

/// It could not be asked after: that says nothing about the task, so somebody tries again later.
void CallFlow::miss_task(CallState state) {
  const bool silent = wake_ == Wake::idle;
  ++state.misses;
  if (state.misses > most_misses) return;
  suspect_ = silent;
  if (silent) client_.cancel(exchange_, "no answer in time");
  wake_ = Wake::answered;
  const auto pause = std::min<Clock::duration>(shortest_look * (1 << state.misses), longest_poll);
  suspend(std::move(state), {}, look_again_after(pause));
}

/// The host goes down or the server's process has ended: the task may live on, and another worker
/// asks after it.
bool CallFlow::outlived_by_task() const {
  const bool drained = wake_ == Wake::stopped && stop_.reason() == StopReason::draining;
  return drained || wake_ == Wake::peer_gone;
}

void CallFlow::put_task_aside(CallState state, const Json& task) {
  wake_ = Wake::answered;
  const auto poll = poll_of(task);
  const std::string said = said_of(task);
  suspend(std::move(state), {}, look_again_after(poll));
  if (!said.empty()) result_.suspended->why += ": " + said;
}

/// Nobody wants the task any more, and its server is to have heard of it.
Task<> CallFlow::cancel_task(CallState state) {
  next_ = Next::over;
  auto asking = request("tasks/cancel", Json{{"taskId", state.task}}, call_.idle_timeout);
  if (co_await std::move(asking) != Wake::answered) co_return;
  const auto error = client_.error_of(*exchange_);
  result_ = ToolResult{};
  result_.delivery = Delivery::answered;
  result_.succeeded = !error;
  if (error) result_.error = error->message;
  note(*exchange_, error ? "failed" : "canceled");
}

}  // namespace opsroom::tools
