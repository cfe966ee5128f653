// The host under test: our real toolbox, whose only server is the bridge to the suite's mock
// server. The suite runs it as `conformance_client URL`, with the scenario in the environment.
#include "base/failure.hpp"
#include "model/input_reply.hpp"
#include "process/host_process.hpp"
#include "tools/process_toolbox.hpp"
#include "tools/temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace opsroom::conformance {
namespace {

using namespace std::chrono_literals;

constexpr const char* source = "suite";
constexpr Clock::duration time_bound = 60s;
constexpr int most_rounds = 8;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// The simplest value that a schema of the suite admits.
Json simplest(const Json& schema) {
  if (schema.contains("enum")) return schema["enum"].front();
  const std::string type = schema.value("type", "string");
  if (type == "object") return Json::object();
  if (type == "array") return Json::array();
  if (type == "boolean") return true;
  if (type == "string") return "text";
  return 2;
}

/// With all that the schema demands and does not give itself.
Json simplest_object(const Json& schema) {
  Json object = Json::object();
  const Json properties = schema.value("properties", Json::object());
  for (const Json& name : schema.value("required", Json::array())) {
    const Json property = properties.value(name.get<std::string>(), Json::object());
    if (!property.contains("default")) object[name.get<std::string>()] = simplest(property);
  }
  return object;
}

/// A person who sends every form off as it stands; what is left empty is completed by the host.
InputReply accept(const InputAsk& ask) {
  InputReply reply;
  reply.action = InputAction::accept;
  reply.content = simplest_object(ask.params.value("requestedSchema", Json::object()));
  return checked_reply(ask, std::move(reply));
}

class Listener : public CallListener {
 public:
  Task<> log(std::string, std::string) override { co_return; }
  void progress(double, std::optional<double>, std::string) override {}
  Task<InputReply> ask(InputAsk ask, Milliseconds) override { co_return accept(ask); }
};

struct Planned {
  std::string tool;
  Json arguments;
};

const ToolDescriptor& find(const std::vector<ToolDescriptor>& tools, std::string_view name) {
  for (const ToolDescriptor& tool : tools) {
    if (tool.name == name) return tool;
  }
  throw Failure(Code::not_found, fmt::format("the suite's server offers no tool {}", name));
}

/// Every tool once, unless the scenario wants something of its own.
std::vector<Planned> plan(std::string_view scenario, const std::vector<ToolDescriptor>& tools) {
  if (scenario == "json-schema-2020-12-preservation") {
    Json schema = find(tools, "suite.json_schema_2020_12_tool").input_schema;
    return {{"suite.json_schema_echo", Json{{"schema", std::move(schema)}}}};
  }
  std::vector<Planned> calls;
  for (const ToolDescriptor& tool : tools)
    calls.push_back({tool.name, simplest_object(tool.input_schema)});
  return calls;
}

/// What all coroutines share; outlives them.
struct Room {
  explicit Room(tools::ToolsConfig config)
      : toolbox(io.get_executor(), spawner, std::move(config), {OPSROOM_PLUGINS, OPSROOM_RUNNER}) {}

  asio::io_context io{1};
  process::Spawner spawner{OPSROOM_SPAWN};
  Stop stop{io.get_executor()};
  Listener listener;
  tools::TemporaryDirectory lane;
  tools::ProcessToolbox toolbox;
  int failed = 0;
};

Task<ToolResult> call(Room& room, RunTools& run, ToolCall job) {
  auto calling = run.call(std::move(job), room.listener, room.stop);
  co_return co_await std::move(calling);
}

ToolCall call_of(const Planned& planned, int number) {
  ToolCall job;
  job.tool = planned.tool;
  job.arguments = planned.arguments;
  job.run = RunId{1};
  job.step = fmt::format("step-{}", number);
  job.idempotency_key = fmt::format("run-1-step-{}", number);
  return job;
}

ToolCall resumed(ToolCall job, Suspension suspension) {
  job.resume = std::move(suspension.state);
  job.answers.clear();
  for (const InputAsk& ask : suspension.asks)
    job.answers[ask.key] = accept(ask);
  return job;
}

void report(Room& room, const ToolCall& job, const ToolResult& result) {
  if (result.succeeded) {
    fmt::print("{}: {}\n", job.tool, dump(result.output));
    return;
  }
  ++room.failed;
  fmt::print(stderr, "{} failed: {} {}\n", job.tool, result.error, result.hint);
}

/// Calls everything once; what waits for input goes on only then, so that other calls come between.
Task<> call_all(Room& room, RunTools& run, std::vector<Planned> calls) {
  std::vector<ToolCall> jobs;
  for (const Planned& planned : calls)
    jobs.push_back(call_of(planned, static_cast<int>(jobs.size())));
  for (int round = 0; !jobs.empty() && round < most_rounds; ++round) {
    std::vector<ToolCall> waiting;
    for (ToolCall& job : jobs) {
      auto calling = call(room, run, job);
      ToolResult result = co_await std::move(calling);
      if (result.suspended) {
        waiting.push_back(resumed(std::move(job), std::move(*result.suspended)));
      } else {
        report(room, job, result);
      }
    }
    jobs = std::move(waiting);
  }
  for (const ToolCall& job : jobs) {
    ++room.failed;
    fmt::print(stderr, "{} still asks after {} rounds\n", job.tool, most_rounds);
  }
}

Task<> meet(Room& room, RunTools& run, std::string scenario) {
  auto listing = room.toolbox.list(source);
  const std::vector<ToolDescriptor> tools = co_await std::move(listing);
  auto calling = call_all(room, run, plan(scenario, tools));
  co_await std::move(calling);
}

Task<> run_scenario(Room& room, std::string scenario) {
  const auto run = room.toolbox.open(room.lane.path());
  std::exception_ptr failure;
  try {
    auto meeting = meet(room, *run, std::move(scenario));
    auto limited = within(time_bound, std::move(meeting));
    const bool ended = co_await std::move(limited);
    if (!ended) throw Failure(Code::timeout, "the scenario did not end in time");
  } catch (...) {
    failure = std::current_exception();
  }
  co_await run->close();
  co_await room.toolbox.shutdown();
  if (failure) std::rethrow_exception(failure);
}

Json configuration(std::string_view url) {
  Json server{
      {"command", variable("OPSROOM_CONFORMANCE_NODE")},
      {"args", Json::array({OPSROOM_BRIDGE, url})},
      {"opsroom", {{"timeout", "40s"}}}
  };
  return Json{{"mcpServers", {{source, std::move(server)}}}};
}

// The mock of this scenario lists a tool that it does not answer for: what counts is that nobody
// fetches what the tool's schema refers to.
bool may_fail(std::string_view scenario) {
  return scenario == "json-schema-ref-no-deref";
}

int run(std::string_view url) {
  process::ignore_sigpipe();
  const std::string scenario = variable("MCP_CONFORMANCE_SCENARIO");
  Room room(tools::parse_tools_config(configuration(url), "/tools.json"));
  std::exception_ptr failed;
  asio::co_spawn(room.io, run_scenario(room, scenario), [&](std::exception_ptr error) {
    failed = error;
    room.io.stop();
  });
  room.io.run();
  if (failed) std::rethrow_exception(failed);
  return room.failed == 0 || may_fail(scenario) ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace opsroom::conformance

int main(int argc, char** argv) try {
  if (argc != 2) {
    fmt::print(stderr, "conformance_client URL\n");
    return 64;
  }
  return opsroom::conformance::run(argv[1]);
} catch (const opsroom::Failure& failure) {
  fmt::print(stderr, "conformance_client: {} {}\n", failure.message(), failure.hint());
  return EXIT_FAILURE;
} catch (const std::exception& error) {
  fmt::print(stderr, "conformance_client: {}\n", error.what());
  return EXIT_FAILURE;
}
