#pragma once

#include "base/ids.hpp"
#include "base/json.hpp"
#include "model/artifact.hpp"
#include "model/call_record.hpp"
#include "model/input.hpp"
#include "model/step.hpp"
#include "model/tool_output.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace opsroom {

/// A tool as its server describes it (MCP tools/list), under its full name `<source>.<tool>`.
struct ToolDescriptor {
  std::string name;
  std::string description;
  Json input_schema = Json::object();
  Json output_schema;  ///< null when not declared
  Json annotations = Json::object();
  /// The operator trusts the source's annotations (plugins by default, servers by configuration),
  /// and they say that repeating the call does no harm.
  bool safe_to_repeat = false;
};

struct ToolCall {
  std::string tool;  ///< `<source>.<tool>`
  Json arguments = Json::object();
  RunId run;
  std::string step;
  int attempt = 1;
  std::string idempotency_key;  ///< the same for every try of this step of this run
  std::chrono::milliseconds timeout{0};
  /// Of a call that goes on: the state its suspension left, and the answers by their asks' keys.
  /// The arguments are those of the first try.
  Json resume;
  std::map<std::string, InputReply> answers;
  /// Not to go on with what `resume` says but to end it: what works on it elsewhere is told that
  /// nobody wants it any more. Succeeds when it has heard; a server's refusal is an answer.
  bool give_up = false;
  std::string traceparent = {};  ///< W3C trace context of the run; empty: of no trace
  std::string tracestate = {};   ///< only beside a traceparent
};

/// What came back. A tool that failed is a value, not an exception.
struct ToolResult {
  Delivery delivery = Delivery::not_sent;
  bool succeeded = false;  ///< answered, and not isError
  bool canceled = false;   ///< ended because of the Stop
  bool timed_out = false;
  ToolOutput output;        ///< structuredContent, else {"text": the text contents joined}
  bool structured = false;  ///< `output` is structuredContent
  /// Nothing was sent since the server went away first: a new one may take it.
  bool worth_another_try = false;
  std::string error;  ///< for people, when not succeeded
  std::string hint;   ///< the remedy, where one is known
  std::vector<ArtifactDraft> artifacts;
  /// Neither done nor failed: it waits for a person or for work elsewhere, and is called again with
  /// `resume`. All other members but `delivery` and `records` say nothing then.
  std::optional<Suspension> suspended;
  std::vector<CallRecord> records;  ///< one for each request that was tried
};

}  // namespace opsroom
