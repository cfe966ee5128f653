#pragma once

#include "tools/call_flow.hpp"
#include "unit/tools/client_fixture.hpp"

#include <map>
#include <string>
#include <vector>

namespace opsroom::tools::test {

/// The loop of call_on_server, without a process.
inline Task<ToolResult> carry_out(CallFlow& flow) {
  if (flow.must_prepare()) co_await flow.prepare();
  while (flow.wants_call()) {
    flow.send_call();
    Wake wake = Wake::answered;
    {
      AnswerWait waiting = flow.wait();
      while (!waiting.over())
        co_await waiting.next();
      wake = waiting.wake();
    }
    if (!flow.take(wake)) break;
    co_await flow.go_on();
  }
  if (flow.ended_early()) flow.give_up();
  co_return std::move(flow.conclude());
}

/// Calls that need more than one request.
class Flow : public ClientTest {
 protected:
  Flow() {
    call.tool = "x.work";
    call.step = "step";
    call.arguments = Json{{"a", 1}};
    options.sampling = true;
  }

  ToolResult run() {
    ServerCall job;
    job.call = call;
    job.name = "work";
    job.directory = "/lane";
    job.idle_timeout = idle;
    job.total = 10s;
    job.latest = Clock::now() + job.total;
    job.task_hold = hold;
    job.input_limit = input_limit;
    job.sampling = sampling;
    const auto sink = make_sink();
    CallFlow flow(*client, job, sink, stop);
    ToolResult result = io.run(carry_out(flow));
    io.run(sink->close());
    return result;
  }

  /// Goes on with the call as another process would: from what is stored, and nothing else.
  ToolResult resume(const ToolResult& from, std::map<std::string, InputReply> replies = {}) {
    call.resume = Json::parse(dump(from.suspended.value().state));
    call.answers = std::move(replies);
    return run();
  }

  std::vector<std::string> outcomes(const ToolResult& result) {
    std::vector<std::string> out;
    for (const CallRecord& record : result.records)
      out.push_back(record.outcome);
    return out;
  }

  Clock::duration idle = 5s;
  Clock::duration hold{};
  Clock::duration input_limit = 5s;
  Sampling sampling;
};

}  // namespace opsroom::tools::test
