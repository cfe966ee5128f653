#include "integration/tools/fixture.hpp"

#include "process/host_process.hpp"

#include <boost/asio/detached.hpp>

#include <fstream>
#include <signal.h>
#include <thread>
#include <unistd.h>

namespace opsroom::tools::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

SourceConfig server_config(std::string name, std::vector<std::string> argv, Scope scope) {
  SourceConfig source;
  source.name = std::move(name);
  source.argv = std::move(argv);
  source.scope = scope;
  source.timeout = 20s;
  source.max_total = 30s;
  source.place = "tools.json: /mcpServers/" + source.name;
  return source;
}

Task<> request_later(Stop& stop, Clock::duration delay, StopReason reason) {
  co_await pause_for(delay);
  stop.request(reason);
}

/// A sanitizer starts a thread of its own beside the first one: let it be there before we count. A
/// thread that was joined is listed a little longer, so wait until the list has forgotten ours.
void start_sanitizers_thread() {
  pid_t id = 0;
  std::thread([&id] { id = ::gettid(); }).join();
  const fs::path listed = fs::path("/proc/self/task") / std::to_string(id);
  const auto patience = Clock::now() + 20s;
  while (fs::exists(listed) && Clock::now() < patience)
    std::this_thread::yield();
}

}  // namespace

Task<> Recorder::log(std::string stream, std::string text) {
  logs.emplace_back(std::move(stream), std::move(text));
  on_sign();
  if (slowness > Clock::duration::zero()) co_await pause_for(slowness);
}

void Recorder::progress(double done, std::optional<double>, std::string) {
  progresses.push_back(done);
  on_sign();
}

std::string Recorder::text(const std::string& stream) const {
  std::string joined;
  for (const auto& [from, text] : logs) {
    if (from == stream) joined += text + "\n";
  }
  return joined;
}

ToolsTest::ToolsTest() : stop(io.executor()) {
  process::ignore_sigpipe();
  descriptors_before_ = open_descriptors();
  start_sanitizers_thread();
  threads_before_ = threads();
  spawner_ = std::make_unique<process::Spawner>(OPSROOM_SPAWN);
}

ToolsTest::~ToolsTest() {
  if (run_tools_) io.run(run_tools_->close());
  run_tools_.reset();
  if (box_) io.run(box_->shutdown());
  box_.reset();
  spawner_.reset();
  io.run(pause_for(1ms));
  EXPECT_THAT(children(), ::testing::IsEmpty());
  EXPECT_EQ(open_descriptors(), descriptors_before_);
  const auto patience = Clock::now() + 20s;
  while (threads() > threads_before_ && Clock::now() < patience)
    io.run(pause_for(1ms));
  EXPECT_LE(threads(), threads_before_);
}

SourceConfig& ToolsTest::add_server(std::string name, std::vector<std::string> argv, Scope scope) {
  const std::string key = name;
  return config.sources[key] = server_config(std::move(name), std::move(argv), scope);
}

SourceConfig& ToolsTest::add_nasty(const std::string& mode, Scope scope) {
  return add_server("nasty", {"python3", OPSROOM_FIXTURES "/nasty.py", mode}, scope);
}

SourceConfig& ToolsTest::add_plugin(const std::string& name) {
  const Json document{{"plugins", {{name, Json::object()}}}};
  const ToolsConfig parsed = parse_tools_config(document, lane.path() / "tools.json");
  return config.sources[name] = parsed.sources.at(name);
}

ProcessToolbox& ToolsTest::box() {
  if (!box_) {
    const Paths paths{OPSROOM_PLUGINS, OPSROOM_RUNNER};
    box_ = std::make_unique<ProcessToolbox>(io.executor(), *spawner_, config, paths);
  }
  return *box_;
}

RunTools& ToolsTest::run_tools() {
  if (!run_tools_) run_tools_ = box().open(lane.path());
  return *run_tools_;
}

void ToolsTest::end_run() {
  if (run_tools_) io.run(run_tools_->close(), 30s);
  run_tools_.reset();
}

ToolCall ToolsTest::make_call(std::string tool, Json arguments) {
  ToolCall call;
  call.tool = std::move(tool);
  call.arguments = std::move(arguments);
  call.run = RunId{42};
  call.step = "step";
  call.idempotency_key = "run-42-step";
  call.timeout = std::chrono::duration_cast<Milliseconds>(call_timeout);
  return call;
}

ToolResult ToolsTest::call(std::string tool, Json arguments) {
  ToolCall made = make_call(std::move(tool), std::move(arguments));
  return io.run(run_tools().call(std::move(made), recorder, stop), 30s);
}

std::string ToolsTest::describe_failure(const std::string& tool) {
  try {
    io.run(box().describe(tool), 30s);
  } catch (const Failure& failure) {
    return failure.message() + " | " + failure.hint();
  }
  return "described";
}

void ToolsTest::stop_after(Clock::duration delay, StopReason reason) {
  asio::co_spawn(io.executor(), request_later(stop, delay, reason), asio::detached);
}

void ToolsTest::stop_when_begun(StopReason reason) {
  recorder.on_sign = [this, reason] { stop.request(reason); };
}

std::set<int> ToolsTest::open_descriptors() {
  std::set<int> open;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    const std::string target = fs::read_symlink(entry.path()).string();
    // The io_context's own three and the one that reads this directory are not a server's.
    const bool own = target.find("[eventpoll]") != std::string::npos ||
                     target.find("[eventfd]") != std::string::npos ||
                     target.find("[timerfd]") != std::string::npos ||
                     target.find("/fd") != std::string::npos;
    if (!own) open.insert(std::stoi(entry.path().filename().string()));
  }
  return open;
}

std::vector<int> ToolsTest::children() {
  std::vector<int> pids;
  for (const auto& task : fs::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "children");
    for (int pid = 0; file >> pid;) {
      if (!bystanders.contains(pid)) pids.push_back(pid);
    }
  }
  return pids;
}

std::size_t ToolsTest::threads() {
  const fs::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

bool ToolsTest::exists(int pid) {
  return ::kill(pid, 0) == 0;
}

}  // namespace opsroom::tools::test
