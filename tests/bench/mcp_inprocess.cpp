#include "bench/mcp_inprocess.hpp"

#include "base/digest.hpp"
#include "tools/inprocess_library.hpp"
#include "tools/process_toolbox.hpp"

#include <opsroom/plugin.h>
#include <stdexcept>

namespace opsroom::bench {
namespace {

constexpr int calls = 20'000;
constexpr double longest_entry = 5;  // us
constexpr std::string_view tool = "echo";
constexpr std::string_view arguments = R"({"text":"hello"})";

tools::ToolsConfig config() {
  const Json plugin{
      {"library", OPSROOM_ECHO_PLUGIN},
      {"isolation", "inprocess"},
      {"sha256", sha256_of_file(OPSROOM_ECHO_PLUGIN)}
  };
  return tools::parse_tools_config({{"plugins", {{"echo", plugin}}}}, "/tmp/tools.json");
}

/// A host that listens to nothing but the result.
opsroom_call least_host(std::size_t& results) {
  opsroom_call call{};
  call.struct_size = sizeof call;
  call.cancel_fd = -1;
  call.host = &results;
  call.workdir = {"/tmp", 4};
  call.context = {"{}", 2};
  call.cancelled = [](void*) -> int32_t { return 0; };
  call.log = [](void*, int32_t, opsroom_text, opsroom_text) {};
  call.progress = [](void*, double, double, opsroom_text) {};
  call.artifact = [](void*, opsroom_text, opsroom_text, opsroom_text) -> opsroom_status {
    return OPSROOM_OK;
  };
  call.need_input = [](void*, opsroom_text, opsroom_text) {};
  call.result = [](void* host, opsroom_text) { ++*static_cast<std::size_t*>(host); };
  call.extension = [](void*, const char*) -> const void* { return nullptr; };
  return call;
}

Times entries() {
  const tools::SourceConfig source = config().sources.at("echo");
  const opsroom_plugin& plugin =
      tools::load_inprocess({source.library, source.sha256, source.title(), source.place});
  void* instance = nullptr;
  if (plugin.create({"{}", 2}, &instance) != OPSROOM_OK) throw std::runtime_error("no instance");
  std::size_t results = 0;
  const opsroom_call call = least_host(results);
  Times times;
  for (int i = 0; i < calls; ++i) {
    const double begin = seconds_now();
    plugin.invoke(
        instance, {tool.data(), tool.size()}, {arguments.data(), arguments.size()}, &call
    );
    times.push_back(seconds_now() - begin);
  }
  plugin.destroy(instance);
  if (results != calls) throw std::runtime_error("a call had no result");
  return times;
}

Task<> timed_steps(Room& room, tools::ProcessToolbox& toolbox, Times& times) {
  const auto run_tools = toolbox.open("/tmp");
  for (int i = 0; i < calls; ++i) {
    ToolCall call;
    call.tool = "echo.echo";
    call.arguments = {{"text", "hello"}};
    call.run = RunId{1};
    call.step = "bench";
    const double begin = seconds_now();
    auto calling = run_tools->call(std::move(call), room.silent, room.stop);
    const ToolResult result = co_await std::move(calling);
    times.push_back(seconds_now() - begin);
    if (!result.succeeded) throw std::runtime_error(result.error);
  }
  co_await run_tools->close();
}

}  // namespace

Task<> measure_inprocess(Room& room, Report& report) {
  const double entry = median(entries()) * 1e6;
  report.add({"in-process call: entry p50 | the goal", "us", entry, longest_entry, 1.0});
  tools::ProcessToolbox toolbox(
      room.io.get_executor(), room.spawner, config(), {OPSROOM_PLUGINS, OPSROOM_RUNNER}
  );
  Times times;
  auto stepping = timed_steps(room, toolbox, times);
  co_await std::move(stepping);
  co_await toolbox.shutdown();
  report.add({"in-process call: as a step | entry", "us", median(times) * 1e6, entry, {}});
}

}  // namespace opsroom::bench
