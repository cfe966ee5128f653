#include "tools/lane_tools.hpp"

#include "base/failure.hpp"

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
  plan.directory = directory;
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
  return result;
}

}  // namespace

Task<ToolResult> LaneTools::call(ToolCall call, CallListener& listener, Stop& stop) {
  const auto sink = std::make_shared<CallSink>(shop_.executor, listener);
  const int ran_out_before = trust_->times_ran_out();
  ToolResult result;
  try {
    auto calling = call_source(std::move(call), sink, stop, true);
    result = co_await std::move(calling);
  } catch (const Failure& failure) {
    result = not_sent(failure, stop);
  }
  co_await sink->close();
  // No failure of the tool: its death says that the run may be another worker's by now.
  const bool ran_out = trust_->times_ran_out() > ran_out_before;
  if (ran_out && result.delivery != Delivery::answered) stop.request(StopReason::lease_lost);
  co_return result;
}

Task<ToolResult> LaneTools::call_source(
    ToolCall call, std::shared_ptr<CallSink> sink, Stop& stop, bool may_sample
) {
  const SourceConfig& source = shop_.catalogue.source_of(call.tool);
  Catalogue::check_filter(source, call.tool);
  // A plugin's tools are fixed, so a wrong name needs no process; a server may have grown new ones.
  const bool fixed = source.kind == SourceConfig::Kind::plugin;
  if (fixed && shop_.catalogue.listed(source.name)) shop_.catalogue.find(call.tool);
  ServerCall job = plan(std::move(call), source, directory_);
  job.traceparent = trace_.next();
  // A sampling tool's own sampling is refused: two of them could ask each other for ever.
  if (may_sample && !source.sampling_tool.empty()) {
    ToolCall asker = job.call;
    asker.arguments = nullptr;
    job.sampling = [this, tool = source.sampling_tool, asker](Json params, Stop& until) {
      return sample(tool, asker, std::move(params), until);
    };
  }
  auto getting = server_for(source, job.latest, stop);
  const std::shared_ptr<McpServer> server = co_await std::move(getting);
  auto calling = checked_call(shop_.guard, source, server, std::move(job), std::move(sink), stop);
  co_return co_await std::move(calling);
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

Task<std::shared_ptr<McpServer>> LaneTools::server_for(
    const SourceConfig& source, Clock::time_point latest, Stop& stop
) {
  if (source.scope == Scope::step) {
    auto starting = shop_.launcher.start(source, directory_, latest - Clock::now(), stop, trust_);
    co_return co_await std::move(starting);
  }
  if (source.scope == Scope::host) {
    auto getting = shop_.host_server(source).get(stop, latest);
    co_return co_await std::move(getting);
  }
  SharedServer& mine = lane_server(source);
  std::exception_ptr failure;
  try {
    auto getting = mine.get(stop, latest);
    co_return co_await std::move(getting);
  } catch (const Failure&) {
    failure = std::current_exception();
  }
  // Nobody else needs it: it must not go on starting after the call has returned.
  if (must_end(stop)) co_await mine.give_up();
  std::rethrow_exception(failure);
}

SharedServer& LaneTools::lane_server(const SourceConfig& source) {
  auto& slot = lane_servers_[source.name];
  if (slot == nullptr) {
    auto start =
        [&launcher = shop_.launcher, &source, directory = directory_, trust = trust_](Stop& abort) {
          return launcher.start(source, directory, Clock::duration::max(), abort, trust);
        };
    slot = std::make_unique<SharedServer>(shop_.executor, source.title(), std::move(start));
  }
  return *slot;
}

Task<> LaneTools::close() {
  TaskGroup closing(shop_.executor);
  const auto on_error = [](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& reason) {
      spdlog::error("closing a tool server failed: {}", reason.what());
    }
  };
  for (const auto& [name, server] : lane_servers_) {
    closing.start(server->close(closing_grace), on_error);
  }
  co_await closing.wait_until_at_most(0);
  lane_servers_.clear();
}

}  // namespace opsroom::tools
