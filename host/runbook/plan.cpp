#include "runbook/plan.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "runbook/plan_parts.hpp"
#include "schema/validator.hpp"

#include <fmt/format.h>

namespace opsroom::runbook {
namespace {

Json step_json(const PlanStep& step) {
  Json json = {
      {"id", step.id},
      {"tool", step.tool},
      {"with", step.with},
      {"on_interrupt", to_string(step.on_interrupt)},
  };
  if (step.timeout != std::chrono::milliseconds::zero()) json["timeout_ms"] = step.timeout.count();
  if (step.retry.attempts > 1) {
    json["retry"] = {{"attempts", step.retry.attempts}, {"backoff_ms", step.retry.backoff.count()}};
  }
  return json;
}

Retry retry_from(const Json& json, const std::string& where) {
  if (!json.is_object()) throw Failure(Code::invalid, where + ": expected an object");
  Retry retry;
  const auto attempts = integer_or(json, "attempts", 1, where);
  const std::chrono::milliseconds backoff(
      integer_or(json, "backoff_ms", retry.backoff.count(), where)
  );
  if (attempts < 1 || attempts > most_attempts) {
    throw Failure(
        Code::invalid, fmt::format("{}/attempts: must be between 1 and {}", where, most_attempts)
    );
  }
  if (backoff < std::chrono::milliseconds::zero() || backoff > max_backoff) {
    throw Failure(Code::invalid, where + "/backoff_ms: must be between 0 and 86400000 (a day)");
  }
  retry.attempts = static_cast<int>(attempts);
  retry.backoff = backoff;
  return retry;
}

PlanStep step_from(const Json& json, const std::string& where) {
  PlanStep step;
  step.id = string_at(json, "id", where);
  step.tool = string_at(json, "tool", where);
  step.with = json.value("with", Json::object());
  if (json.contains("timeout_ms")) {
    step.timeout = std::chrono::milliseconds(integer_or(json, "timeout_ms", 0, where));
    if (step.timeout < min_timeout || step.timeout > max_timeout) {
      throw Failure(Code::invalid, where + "/timeout_ms: must be between 1 and 604800000 (7 days)");
    }
  }
  const auto choice = on_interrupt_from(string_or(json, "on_interrupt", "ask", where));
  if (!choice) throw Failure(Code::invalid, where + "/on_interrupt: must be ask, retry or fail");
  step.on_interrupt = *choice;
  if (json.contains("retry")) step.retry = retry_from(json["retry"], where + "/retry");
  if (const std::string error = tool_name_error(step.tool); !error.empty()) {
    throw Failure(Code::invalid, fmt::format("{}/tool: {}", where, error));
  }
  if (!step.with.is_object()) throw Failure(Code::invalid, where + "/with: expected an object");
  return step;
}

const Json& array_at(const Json& json, const char* key, const std::string& where) {
  const Json& value = member(json, key, where);
  if (!value.is_array()) {
    throw Failure(Code::invalid, fmt::format("{}/{}: expected an array", where, key));
  }
  return value;
}

}  // namespace

std::string_view to_string(OnInterrupt choice) {
  switch (choice) {
    case OnInterrupt::retry:
      return "retry";
    case OnInterrupt::fail:
      return "fail";
    default:
      return "ask";
  }
}

std::string digest_of(const Plan& plan) {
  Json json = to_json(plan);
  json.erase("digest");
  return sha256_hex(dump(json));
}

Json to_json(const Plan& plan) {
  Json steps = Json::array();
  for (const PlanStep& step : plan.steps)
    steps.push_back(step_json(step));
  return {
      {"name", plan.name},
      {"description", plan.description},
      {"digest", plan.digest},
      {"inputs", plan.inputs},
      {"intents", plan.intents},
      {"steps", steps},
  };
}

Plan plan_from_json(const Json& json) {
  Plan plan;
  plan.name = string_at(json, "name", "plan");
  plan.description = string_or(json, "description", "", "plan");
  plan.inputs = json.value("inputs", no_inputs());
  if (const auto problems = schema::Validator::check_schema(plan.inputs); !problems.empty()) {
    throw Failure(Code::invalid, "plan/inputs: " + schema::to_text(problems));
  }
  for (const Json& intent : json.value("intents", Json::array())) {
    if (!intent.is_string()) throw Failure(Code::invalid, "plan/intents: expected strings");
    plan.intents.push_back(intent.get<std::string>());
  }
  const Json& steps = array_at(json, "steps", "plan");
  for (std::size_t i = 0; i < steps.size(); ++i) {
    plan.steps.push_back(step_from(steps[i], fmt::format("plan/steps/{}", i)));
  }
  if (plan.steps.empty()) throw Failure(Code::invalid, "plan/steps: there is no step");
  // Kept as stored: a later version may write the definition differently.
  plan.digest = string_or(json, "digest", "", "plan");
  if (plan.digest.empty()) plan.digest = digest_of(plan);
  return plan;
}

}  // namespace opsroom::runbook
