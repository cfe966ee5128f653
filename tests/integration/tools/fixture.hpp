#pragma once

#include "base/failure.hpp"
#include "process/child_process.hpp"
#include "tools/process_toolbox.hpp"
#include "tools/temporary_directory.hpp"
#include "unit/tools/io.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace opsroom::tools::test {

/// Writes down what a tool says while it works.
class Recorder : public CallListener {
 public:
  Task<> log(std::string stream, std::string text) override;
  void progress(double done, std::optional<double> total, std::string message) override;

  /// Everything on one stream, joined with line breaks.
  std::string text(const std::string& stream) const;

  std::vector<std::pair<std::string, std::string>> logs;
  std::vector<double> progresses;
  std::function<void()> on_sign = [] {};  ///< called for each log and each progress
  Clock::duration slowness{};             ///< how long each log takes
};

/// A toolbox over real processes in a lane of its own. At the end of each test nothing may be left:
/// no child, no descriptor, no thread.
class ToolsTest : public ::testing::Test {
 protected:
  ToolsTest();
  ~ToolsTest() override;

  /// Adds the nasty server of that mode as source "nasty".
  SourceConfig& add_nasty(const std::string& mode, Scope scope = Scope::lane);
  SourceConfig& add_server(
      std::string name, std::vector<std::string> argv, Scope scope = Scope::lane
  );
  SourceConfig& add_plugin(const std::string& name);

  /// Makes the toolbox from what was added; done by the first `call` or `box`.
  ProcessToolbox& box();
  RunTools& run_tools();
  /// Ends the run's processes; the next call is another run's.
  void end_run();
  process::Spawner& spawner() { return *spawner_; }

  ToolResult call(std::string tool = "nasty.work", Json arguments = Json::object());
  ToolCall make_call(std::string tool, Json arguments);
  /// The message and hint of the Failure that `describe` throws.
  std::string describe_failure(const std::string& tool);
  /// Requests the stop after a while, while the next call runs.
  void stop_after(Clock::duration delay, StopReason reason);

  /// Requests the stop as soon as the tool logs or reports progress: the call is there.
  void stop_when_begun(StopReason reason);

  static std::set<int> open_descriptors();
  /// Without those in `bystanders`.
  static std::vector<int> children();
  /// Of this process. One that has been joined is listed for a moment longer.
  static std::size_t threads();
  static bool exists(int pid);

  static inline std::set<int> bystanders;  ///< children that no tool has to do with: a database's

  Io io;
  TemporaryDirectory lane;
  Recorder recorder;
  Stop stop;
  Clock::duration call_timeout{};  ///< of the step; none
  ToolsConfig config;

 private:
  std::set<int> descriptors_before_;
  std::size_t threads_before_ = 0;
  std::unique_ptr<process::Spawner> spawner_;
  std::unique_ptr<ProcessToolbox> box_;
  std::unique_ptr<RunTools> run_tools_;
};

/// What is promised within `ms`, for a machine that now and then stands still for seconds: far from
/// the timeouts of `SourceConfig` all the same.
constexpr double soon(double ms) {
  return ms + 5000;
}

/// Milliseconds that `function` took.
template <class Function>
double milliseconds(Function function) {
  const auto before = Clock::now();
  function();
  return std::chrono::duration<double, std::milli>(Clock::now() - before).count();
}

}  // namespace opsroom::tools::test
