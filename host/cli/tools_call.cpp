#include "app/tool_bench.hpp"
#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"
#include "cli/books.hpp"
#include "cli/call_listener.hpp"
#include "cli/terminal.hpp"
#include "cli/tools_text.hpp"
#include "cli/tools_verbs.hpp"

#include <fmt/format.h>

#include <iostream>
#include <iterator>

namespace opsroom::cli {
namespace {

constexpr std::size_t largest_arguments = 64u << 20;
constexpr int nothing_sent = 2;
constexpr int outcome_unknown = 5;

Json read_arguments(const std::string& given) {
  std::string text = given;
  std::string what = "the arguments";
  if (given == "-") {
    what = "stdin";
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
  } else if (given.starts_with('@')) {
    what = given.substr(1);
    text = read_file(what, largest_arguments);
  }
  Json arguments = parse_json(text, what);
  if (arguments.is_object()) return arguments;
  throw Failure(
      Code::invalid,
      fmt::format("{}: expected a JSON object, got {}", what, json_type(arguments)),
      "Write for example '{\"path\": \"x\"}'."
  );
}

Milliseconds read_timeout(const std::string& text) {
  if (text.empty()) return Milliseconds(0);
  const auto duration = tools::parse_duration(text);
  if (duration) return std::chrono::duration_cast<Milliseconds>(*duration);
  throw Failure(
      Code::invalid,
      fmt::format("--timeout '{}' is no duration", text),
      "Write a whole number and a unit: 500ms, 30s, 10m, 1h."
  );
}

ToolCall make_call(const CallTool& verb) {
  ToolCall call;
  call.tool = verb.tool;
  call.arguments = read_arguments(verb.arguments);
  call.step = "call";
  call.idempotency_key = "cli-" + random_hex(8);
  call.timeout = read_timeout(verb.timeout);
  return call;
}

int exit_code_of(const ToolResult& result) {
  if (result.succeeded) return 0;
  if (result.canceled) return exit_code(Code::canceled);
  if (result.delivery == Delivery::not_sent) return nothing_sent;
  return result.delivery == Delivery::unknown ? outcome_unknown : exit_code(Code::tool_failed);
}

Json result_json(const ToolResult& result) {
  Json artifacts = Json::array();
  for (const ArtifactDraft& draft : result.artifacts) {
    artifacts.push_back(
        {{"name", draft.name}, {"mediaType", draft.media_type}, {"bytes", draft.content.size()}}
    );
  }
  return {
      {"succeeded", result.succeeded},
      {"delivery", to_string(result.delivery)},
      {"canceled", result.canceled},
      {"timedOut", result.timed_out},
      {"output", result.output.json()},
      {"error", result.succeeded ? Json() : Json(result.error)},
      {"hint", result.hint.empty() ? Json() : Json(result.hint)},
      {"artifacts", std::move(artifacts)}
  };
}

/// The words of a tool that says nothing but words, else its JSON.
void print_output(const Json& output) {
  const bool words = output.is_object() && output.size() == 1 && output.contains("text") &&
                     output["text"].is_string();
  const bool seen = ::isatty(STDOUT_FILENO) != 0;
  if (output.is_null()) return;
  if (!words) {
    fmt::print("{}\n", json_text(output));
  } else if (seen) {
    fmt::print("{}\n", safe_lines(output["text"].get<std::string>()));
  } else {
    fmt::print("{}\n", output["text"].get<std::string>());
  }
}

void print_result(const ToolResult& result) {
  // A failure's words are its output.
  if (result.succeeded || result.structured) print_output(result.output);
  for (const ArtifactDraft& draft : result.artifacts) {
    fmt::print(
        stderr,
        "artifact {} ({}, {} bytes); a run would keep it\n",
        safe_for_terminal(draft.name),
        safe_for_terminal(draft.media_type),
        draft.content.size()
    );
  }
  if (result.succeeded) return;
  fmt::print(stderr, "opsroom: {}\n", indented(safe_lines(result.error), 9));
  if (!result.hint.empty()) fmt::print(stderr, "         {}\n", safe_lines(result.hint));
  if (result.delivery == Delivery::unknown) {
    fmt::print(stderr, "         The call was sent; what became of it is not known.\n");
  }
}

/// Answers what a call that was put aside asks, or waits until it is to be looked at again.
Task<> resume(Suspension suspended, ToolCall& call, TerminalListener& listener, Stop& stop) {
  call.resume = std::move(suspended.state);
  call.answers.clear();
  for (const InputAsk& ask : suspended.asks) {
    auto asking = listener.ask(ask, Milliseconds(0));
    call.answers[ask.key] = co_await std::move(asking);
  }
  if (!suspended.asks.empty() || !suspended.look_again) co_return;
  if (!suspended.why.empty()) fmt::print(stderr, "{}\n", safe_lines(suspended.why));
  auto waiting = stop.wait();
  co_await within(*suspended.look_again, std::move(waiting));
}

Task<ToolResult> call_to_the_end(app::ToolBench& bench, RunTools& tools, ToolCall call) {
  TerminalListener listener(call.tool, bench.executor, bench.stop);
  while (true) {
    auto calling = tools.call(call, listener, bench.stop);
    ToolResult result = co_await std::move(calling);
    if (!result.suspended) co_return result;
    auto resuming = resume(std::move(*result.suspended), call, listener, bench.stop);
    co_await std::move(resuming);
  }
}

Task<int> call_tool(app::ToolBench& bench, ToolCall call, bool json) {
  const auto tools = bench.toolbox.open(bench.lane);
  ToolResult result;
  std::exception_ptr failure;
  try {
    auto calling = call_to_the_end(bench, *tools, std::move(call));
    result = co_await std::move(calling);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await tools->close();
  if (failure) std::rethrow_exception(failure);
  if (json) {
    fmt::print("{}\n", dump(result_json(result)));
  } else {
    print_result(result);
  }
  co_return exit_code_of(result);
}

}  // namespace

int perform_tools(const Context& context, const CallTool& verb) {
  const ToolCall call = make_call(verb);
  const auto work = [&](app::ToolBench& bench) { return call_tool(bench, call, context.json); };
  return app::at_tool_bench(context.settings, context.layout, work);
}

}  // namespace opsroom::cli
