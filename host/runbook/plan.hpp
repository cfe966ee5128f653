#pragma once

#include "base/json.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::runbook {

/// What to do with a step whose call was sent and whose outcome is unknown.
enum class OnInterrupt { ask, retry, fail };

/// How often a step is tried when it fails, and how long it waits before the second try; before
/// each further one twice as long.
struct Retry {
  int attempts = 1;  ///< in all; 1: never again
  std::chrono::milliseconds backoff = std::chrono::seconds(1);
};

struct PlanStep {
  std::string id;
  std::string tool;            ///< `<source>.<tool>`
  Json with = Json::object();  ///< arguments; strings may hold `${{ }}`
  /// Zero: the runbook gives none, and the limits of the tool's source hold.
  std::chrono::milliseconds timeout{0};
  OnInterrupt on_interrupt = OnInterrupt::ask;
  Retry retry;
};

/// A runbook after every check that needs no tool and no input. A value: it is stored with the run,
/// so that a file edited later changes nothing about runs already enqueued.
struct Plan {
  std::string name;
  std::string description;
  std::string digest;  ///< SHA-256 (hex) of the definition, without comments and layout
  Json inputs;         ///< JSON Schema of type object; never null
  std::vector<std::string> intents;
  std::vector<PlanStep> steps;  ///< at least one
};

/// Reads YAML or JSON. Failure{invalid} has one line per problem, all of them:
/// "deploy.yaml:7:5: unknown key \"tols\"; did you mean \"tool\"?". `file` names the text in
/// messages and, without its folder and extension, the runbook that has no `name`.
Plan parse_runbook(std::string_view text, std::string_view file);

Json to_json(const Plan& plan);
/// The inverse of to_json; also takes hand-written plans. Failure{invalid} names the wrong field.
Plan plan_from_json(const Json& json);

std::string_view to_string(OnInterrupt choice);

}  // namespace opsroom::runbook
