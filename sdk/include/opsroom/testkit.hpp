#pragma once
/// Tests of a tool: calls it in memory, through opsroom-plugin-runner, or as an MCP server, answers
/// its questions, cancels it, and collects what it told meanwhile.
///
///     auto kit = testkit::in_memory(opsroom_plugin_v1);
///     const auto result = kit->call("greet", {{"name", "Ann"}});
///     EXPECT_EQ(result.end, testkit::End::completed) << result;
///
/// testkit/every_way.hpp runs one test body all three ways. Nothing here waits without a deadline.
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <iosfwd>
#include <map>
#include <memory>
#include <opsroom/plugin.h>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::testkit {

using json = nlohmann::json;

/// What a person does with a question.
struct Answer {
  std::string action;  ///< "accept", "decline" or "cancel"
  json content = nullptr;
};
inline Answer accept(json content = json::object()) {
  return {"accept", std::move(content)};
}
inline Answer decline() {
  return {"decline"};
}
inline Answer dismiss() {
  return {"cancel"};
}

struct Question {
  std::string key;
  std::string text;
  json form;  ///< JSON Schema
};
struct LogLine {
  std::string level;
  std::string logger;  ///< "stdout" and "stderr" for a program's output
  std::string text;
};
struct Mark {
  double done = 0;
  double total = 0;
  std::string text;
};
struct Artifact {
  std::string name;
  std::string media_type;
  std::string bytes;
};

enum class End {
  completed,   ///< a result
  failed,      ///< a result that says the tool could not do its work
  refused,     ///< the arguments do not fit
  cancelled,   ///< it saw the cancel and left
  unanswered,  ///< it asked something the test has no answer for
  unknown,     ///< no such tool
  broken       ///< it misbehaved, or its process died; `raw` or text() say how
};

/// How a call ended and what it told on the way.
struct Result {
  End end = End::broken;
  json raw;  ///< MCP's CallToolResult without the artifacts, or null
  std::vector<LogLine> logs;
  std::vector<Mark> progress;
  std::vector<Artifact> artifacts;
  std::vector<Question> questions;           ///< of all rounds, in their order
  std::size_t rounds = 0;                    ///< how often the handler was entered
  std::size_t checkpoints = 0;               ///< how often it looked for a cancel; in memory only
  std::vector<std::string> schema_problems;  ///< where the data does not fit the outputSchema

  /// All text contents, joined by newlines.
  std::string text() const;
  /// structuredContent, null when there is none.
  json data() const;
  bool ok() const noexcept { return end == End::completed; }
};
std::ostream& operator<<(std::ostream& out, const Result& result);
std::ostream& operator<<(std::ostream& out, End end);

/// One call as a test wants it; all but the tool's name may be left out.
struct CallSpec {
  std::string tool;
  json arguments = json::object();
  /// By the question's key; a question without an answer ends the call as `unanswered`.
  std::map<std::string, Answer> answers{};
  /// Cancels when the handler looks for the n-th time, counted from 1; in memory only.
  std::size_t cancel_at = 0;
  /// Cancels as soon as a log line contains this.
  std::string cancel_on_log{};
  std::filesystem::path workdir{};  ///< empty: the current directory
  json context = json::object();    ///< run, step, attempt, idempotencyKey, deadlineMs
  /// Then the call is cancelled; a tool that even ignores that ends the test program (in memory) or
  /// its own process.
  std::chrono::milliseconds timeout{60'000};
};

struct Options {
  json config = json::object();                  ///< the operator's settings
  std::map<std::string, std::string> secrets{};  ///< by name; environment variables of a process
  bool waits_in_place = false;                   ///< lends "elicit/1"; in memory only
};

/// One plugin under test.
class Tool {
 public:
  virtual ~Tool() = default;

  /// {"tools": [...], ...} as a client sees it.
  virtual json manifest() = 0;
  virtual Result call(const CallSpec& spec) = 0;
  Result call(const std::string& tool, json arguments = json::object());

  /// resources/read, prompts/get, completion/complete: the MCP result.
  /// Throws std::runtime_error with the error's text.
  virtual json request(const std::string& method, const json& params) = 0;

  /// What is wrong with what the plugin shows: names, descriptions, schemas, annotations. Empty
  /// when all is well.
  std::vector<std::string> manifest_problems();
};

/// The plugin in this process. Throws std::runtime_error when it can't start.
std::unique_ptr<Tool> in_memory(const opsroom_plugin& plugin, Options options = {});
/// The library behind the runner, one process for all calls of the returned object.
std::unique_ptr<Tool> through_runner(
    const std::filesystem::path& runner, const std::filesystem::path& library, Options options = {}
);
/// Any MCP server over stdio; questions need one that speaks 2026-07-28.
std::unique_ptr<Tool> as_server(const std::vector<std::string>& command, Options options = {});

/// Calls the tool once to the end, then again and again, cancelled at each of its checkpoints in
/// turn; `after(n, result)` judges each time. Returns how many checkpoints there are. In memory
/// only.
std::size_t cancel_everywhere(
    Tool& tool, const CallSpec& spec, const std::function<void(std::size_t, const Result&)>& after
);

/// Where `value` does not fit `schema`, as far as the schemas go that tool.hpp makes: type, enum,
/// const, required, properties, additionalProperties, items, anyOf, oneOf, ranges and sizes, and
/// references into its own "$defs".
std::vector<std::string> schema_problems(const json& schema, const json& value);

}  // namespace opsroom::testkit
