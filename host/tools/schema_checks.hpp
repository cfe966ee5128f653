#pragma once

#include "base/json.hpp"
#include "model/tool.hpp"
#include "schema/validator.hpp"
#include "tools/tools_config.hpp"

#include <optional>
#include <string>
#include <vector>

namespace opsroom::tools {

/// The two schemas that a server gave one of its tools, compiled once. A schema that cannot be used
/// checks nothing: what is wrong with it is in `problems()`. Any thread may check.
class SchemaChecks {
 public:
  /// `output` may be null: not declared.
  SchemaChecks(const Json& input, const Json& output);

  /// Why a schema checks nothing: "inputSchema /type: ...". Empty when both are good.
  const std::vector<std::string>& problems() const { return problems_; }
  bool has_output() const { return output_.has_value(); }

  /// What is wrong with arguments (null counts as {}): `at /path: expected string, got integer
  /// (rule "type")`; empty when they fit.
  std::string arguments_misfit(const Json& arguments) const;
  /// The same of a result. `structured` is null when the server sent no structuredContent.
  std::string output_misfit(const Json& structured) const;

 private:
  std::vector<std::string> problems_;  // First: compiling the others fills it.
  std::optional<schema::Validator> input_;
  std::optional<schema::Validator> output_;
};

/// The result of a call whose arguments don't fit: nothing was sent.
ToolResult refused_arguments(const std::string& tool, const std::string& misfit);

/// Turns an answer that is not what the tool's outputSchema promises into a failure, or only warns,
/// as the source's policy says. The output is kept for people to look at.
void blame_output(
    ToolResult& result,
    const SourceConfig& source,
    const std::string& tool,
    const std::string& misfit
);

/// Whether checking `value` takes long enough to keep it off the io thread.
bool worth_a_thread(const Json& value);

}  // namespace opsroom::tools
