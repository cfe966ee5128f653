#include "tools/checked_call.hpp"

#include "base/failure.hpp"

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration grace = 2s;

/// Off the io thread when it takes long.
Task<std::string> output_misfit(SurfaceGuard& guard, Checks checks, const Json& output) {
  const auto check = [&checks, &output] { return checks->output_misfit(output); };
  if (!worth_a_thread(output)) co_return check();
  auto checking = guard.pool().run(check);
  co_return co_await std::move(checking);
}

Task<Checks> checks_of(SurfaceGuard& guard, std::shared_ptr<const OfferedTool> tool) {
  const ToolDescriptor& described = tool->described();
  const bool large =
      worth_a_thread(described.input_schema) || worth_a_thread(described.output_schema);
  if (!tool->compiled() && large) {
    const auto compile = [&tool] { return tool->compile(); };
    auto compiling = guard.pool().run(compile);
    tool->keep(co_await std::move(compiling));
  }
  co_return tool->checks();
}

}  // namespace

Task<std::string> arguments_misfit(SurfaceGuard& guard, Checks checks, const Json& arguments) {
  const auto check = [&checks, &arguments] { return checks->arguments_misfit(arguments); };
  if (!worth_a_thread(arguments)) co_return check();
  auto checking = guard.pool().run(check);
  co_return co_await std::move(checking);
}

Task<ToolResult> checked_result(
    SurfaceGuard& guard,
    const SourceConfig& source,
    std::string tool,
    Checks checks,
    ToolResult result
) {
  if (!result.succeeded || !checks->has_output()) co_return result;
  const Json none;
  auto checking = output_misfit(guard, checks, result.structured ? result.output.json() : none);
  const std::string misfit = co_await std::move(checking);
  if (!misfit.empty()) blame_output(result, source, tool, misfit);
  co_return result;
}

Task<ToolResult> checked_call(
    SurfaceGuard& guard,
    const SourceConfig& source,
    std::shared_ptr<McpServer> server,
    ServerCall call,
    std::shared_ptr<CallSink> sink,
    Stop& stop
) {
  const std::string tool = call.call.tool;
  const bool step_only = call.keep == Keep::stop_after;
  const bool gives_up = call.call.give_up;
  Checks checks;
  std::string misfit;
  std::exception_ptr refused;
  try {
    auto asking = guard.offer_of(source, server, call.latest, stop);
    const auto offer = co_await std::move(asking);
    auto compiling = checks_of(guard, offer->find(tool));
    checks = co_await std::move(compiling);
    call.pin = offer->pin();
    auto checking = arguments_misfit(guard, checks, call.call.arguments);
    misfit = co_await std::move(checking);
  } catch (...) {
    refused = std::current_exception();
  }
  if (refused || !misfit.empty()) {
    if (step_only) co_await server->stop(grace);
    if (refused) std::rethrow_exception(refused);
    co_return refused_arguments(tool, misfit);
  }
  auto calling = call_on_server(std::move(server), call, std::move(sink), stop);
  ToolResult result = co_await std::move(calling);
  if (gives_up) co_return result;
  auto checking = checked_result(guard, source, tool, checks, std::move(result));
  co_return co_await std::move(checking);
}

}  // namespace opsroom::tools
