#include "tools/lane_tools.hpp"

#include "base/failure.hpp"
#include "tools/artifact_files.hpp"
#include "tools/redacting_listener.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration closing_grace = 2s;

Keep keep_of(Scope scope) {
  switch (scope) {
    case Scope::host:
      return Keep::always;
    case Scope::lane:
      return Keep::unless_it_stopped;
    case Scope::step:
      return Keep::stop_after;
  }
  return Keep::stop_after;
}

/// The step's own timeout is the operator's word for this very call, so it replaces both limits.
ServerCall plan(ToolCall call, const SourceConfig& source, const std::filesystem::path& directory) {
  const Clock::duration own = call.timeout;
  const bool has_own = own > Clock::duration::zero();
  ServerCall plan;
  plan.name = split_tool_name(call.tool).tool;
  plan.directory = directory.native();
  plan.idle_timeout = has_own ? own : source.timeout;
  plan.total = has_own ? own : source.max_total;
  plan.latest = Clock::now() + plan.total;
  plan.keep = keep_of(source.scope);
  plan.input_limit = source.input_limit;
  plan.task_hold = source.task_hold;
  plan.call = std::move(call);
  return plan;
}

/// Hears what a tool says that answers another tool's sampling: that log is nobody's.
class Nobody : public CallListener {
 public:
  Task<> log(std::string, std::string) override { co_return; }
  void progress(double, std::optional<double>, std::string) override {}
};

/// A failure before anything was sent, as a value.
ToolResult not_sent(const Failure& failure, const Stop& stop) {
  ToolResult result;
  result.error = failure.message();
  result.hint = failure.hint();
  result.canceled = must_end(stop);
  result.timed_out =
      result.canceled ? stop.reason() == StopReason::timed_out : failure.code() == Code::timeout;
  // Its server died before it could be called, and the next one need not.
  result.worth_another_try =
      !result.canceled && failure.retryable() && failure.code() == Code::unavailable;
  return result;
}

void log_failure(std::exception_ptr error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& reason) {
    spdlog::error("closing a tool server failed: {}", reason.what());
  }
}

}  // namespace

Task<ToolResult> LaneTools::call(ToolCall call, CallListener& listener, Stop& stop) {
  const std::shared_ptr<const Redactor> redactor = shop_.redactor();
  RedactingListener discreet(listener, redactor);
  const bool secrets = !redactor->empty();
  const auto sink = std::make_shared<CallSink>(shop_.executor, secrets ? discreet : listener);
  const int ran_out_before = trust_->times_ran_out();
  ToolResult result;
  try {
    auto calling = call_source(std::move(call), sink, stop, true);
    result = co_await std::move(calling);
  } catch (const Failure& failure) {
    result = not_sent(failure, stop);
  }
  co_await sink->close();
  if (secrets) {
    redactor->result(result);
    co_await discreet.finish();
  }
  // No failure of the tool: its death says that the run may be another worker's by now.
  const bool ran_out = trust_->times_ran_out() > ran_out_before;
  if (ran_out && result.delivery != Delivery::answered) stop.request(StopReason::lease_lost);
  co_return result;
}

Task<ToolResult> LaneTools::call_source(
    ToolCall call, std::shared_ptr<CallSink> sink, Stop& stop, bool may_sample
) {
  const SourceRef source = shop_.source_of(call.tool);
  Catalogue::check_filter(*source, call.tool);
  // A plugin's tools are fixed, so a wrong name needs no process; a server may have grown new ones.
  const bool fixed = source->kind == SourceConfig::Kind::plugin;
  if (fixed && shop_.catalogue.listed(source->name)) shop_.catalogue.find(call.tool);
  ServerCall job = plan(std::move(call), *source, directory_);
  job.traceparent = trace_.next(job.call.traceparent);
  // A sampling tool's own sampling is refused: two of them could ask each other for ever.
  if (may_sample && !source->sampling_tool.empty()) {
    ToolCall asker = job.call;
    asker.arguments = nullptr;
    job.sampling = [this, tool = source->sampling_tool, asker](Json params, Stop& until) {
      return sample(tool, asker, std::move(params), until);
    };
  }
  auto working = source->in_process
                     ? shop_.inprocess.call(source, std::move(job), std::move(sink), stop)
                     : call_server(source, std::move(job), std::move(sink), stop);
  ToolResult result = co_await std::move(working);
  auto fetching = fetch_artifact_files(directory_, result);
  co_await std::move(fetching);
  co_return result;
}

Task<ToolResult> LaneTools::call_server(
    SourceRef source, ServerCall job, std::shared_ptr<CallSink> sink, Stop& stop
) {
  auto holding = hold(source, job.latest, stop);
  Held held = co_await std::move(holding);
  auto calling =
      checked_call(shop_.guard, *source, held.server, std::move(job), std::move(sink), stop);
  ToolResult result = co_await std::move(calling);
  // A timeout takes no server from the others, unless it turns out to be dead to the world.
  const bool silent = result.timed_out && result.delivery == Delivery::unknown;
  if (silent && held.lease && source->scope == Scope::host) held.lease->suspect();
  co_return result;
}

Task<ToolResult> LaneTools::sample(std::string tool, ToolCall asker, Json params, Stop& stop) {
  Nobody nobody;
  const auto sink = std::make_shared<CallSink>(shop_.executor, nobody);
  ToolCall call = std::move(asker);
  call.tool = std::move(tool);
  call.arguments = std::move(params);
  call.resume = nullptr;
  call.answers.clear();
  call.timeout = Milliseconds(0);
  ToolResult result;
  try {
    auto calling = call_source(std::move(call), sink, stop, false);
    result = co_await std::move(calling);
  } catch (const Failure& failure) {
    result = not_sent(failure, stop);
  }
  co_await sink->close();
  co_return result;
}

Task<LaneTools::Held> LaneTools::hold(SourceRef source, Clock::time_point latest, Stop& stop) {
  if (source->scope == Scope::step) {
    auto starting = start_for_step(std::move(source), latest, stop);
    co_return co_await std::move(starting);
  }
  if (source->scope == Scope::lane) {
    auto holding = hold_lane_server(std::move(source), latest, stop);
    co_return co_await std::move(holding);
  }
  const std::shared_ptr<SharedServer> shared = shop_.host_server(source);
  auto acquiring = shared->acquire(stop, latest);
  Held held;
  held.lease.emplace(co_await std::move(acquiring));
  held.server = held.lease->server();
  co_return held;
}

Task<LaneTools::Held> LaneTools::start_for_step(
    SourceRef source, Clock::time_point latest, Stop& stop
) {
  Held held;
  if (source->concurrency) {
    WaitingLine& line =
        lines_.try_emplace(source->name, shop_.executor, source->title(), *source->concurrency)
            .first->second;
    line.set_limit(*source->concurrency);
    auto entering = line.enter(stop, latest);
    held.pass = co_await std::move(entering);
  }
  auto starting = shop_.launcher.start(*source, directory_, latest - Clock::now(), stop, trust_);
  held.server = co_await std::move(starting);
  co_return held;
}

Task<LaneTools::Held> LaneTools::hold_lane_server(
    SourceRef source, Clock::time_point latest, Stop& stop
) {
  const std::shared_ptr<SharedServer> mine = lane_server(source);
  std::exception_ptr failure;
  try {
    auto acquiring = mine->acquire(stop, latest);
    Held held;
    held.lease.emplace(co_await std::move(acquiring));
    held.server = held.lease->server();
    co_return held;
  } catch (const Failure&) {
    failure = std::current_exception();
  }
  // When nobody else needs it, it must not go on starting after the call has returned.
  if (must_end(stop) && mine->calls() == 0) co_await mine->give_up();
  std::rethrow_exception(failure);
}

std::shared_ptr<SharedServer> LaneTools::lane_server(const SourceRef& source) {
  LaneServer& slot = lane_servers_[source->name];
  if (slot.server != nullptr && slot.source == source) return slot.server;
  if (slot.server != nullptr) {
    // Its definition has changed: what is under way on it ends there.
    retired_.push_back(slot.server);
    draining_.start(drain(slot.server), log_failure);
  }
  auto start =
      [&launcher = shop_.launcher, source, directory = directory_, trust = trust_](Stop& abort) {
        return launcher.start(*source, directory, Clock::duration::max(), abort, trust);
      };
  SharedServer::Options options;
  options.title = source->title();
  options.concurrency = source->concurrency;
  slot = {
      source, std::make_shared<SharedServer>(shop_.executor, std::move(options), std::move(start))
  };
  return slot.server;
}

Task<> LaneTools::close() {
  TaskGroup closing(shop_.executor);
  for (const auto& [name, slot] : lane_servers_)
    closing.start(slot.server->close(closing_grace), log_failure);
  for (const auto& server : retired_)
    closing.start(server->close(closing_grace), log_failure);
  co_await closing.wait_until_at_most(0);
  co_await draining_.wait_until_at_most(0);
  lane_servers_.clear();
  retired_.clear();
}

}  // namespace opsroom::tools
