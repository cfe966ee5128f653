#pragma once

#include "base/stop.hpp"
#include "process/host_process.hpp"
#include "tools/server_call.hpp"
#include "tools/source_launcher.hpp"

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>
#include <vector>

namespace opsroom::bench {

class Silent : public CallListener {
 public:
  Task<> log(std::string, std::string) override { co_return; }
  void progress(double, std::optional<double>, std::string) override {}
};

/// What all measurements of our client share; outlives their coroutines.
struct Room {
  Room();

  asio::io_context io{1};
  process::Spawner spawner;
  Stop stop{io.get_executor()};
  tools::SourceLauncher launcher;
  Silent silent;
};

using Server = std::shared_ptr<tools::McpServer>;
using Times = std::vector<double>;  // seconds

/// One kind of call, made again and again.
struct Job {
  std::string tool;
  Json arguments;
  tools::Keep keep = tools::Keep::always;
};

Task<Server> start(Room& room, const tools::SourceConfig& source);
Task<Server> start(Room& room, std::vector<std::string> argv);

/// Throws std::runtime_error when the call fails.
Task<ToolResult> call(Room& room, Server server, Job job);

/// `count` calls one after the other.
Task<> timed_calls(Room& room, Server server, Job job, int count, Times& times);

/// `callers` of `rounds` calls at the same time.
Task<double> calls_a_second(Room& room, Server server, Job job, int callers, int rounds);

}  // namespace opsroom::bench
