#include "base/failure.hpp"
#include "base/text.hpp"
#include "runbook/plan_parts.hpp"
#include "schema/uri.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace opsroom::runbook {
namespace {

constexpr std::size_t max_steps = 500;

using Words = std::vector<std::string>;

const Words& runbook_keys() {
  static const Words keys = {"name", "description", "inputs", "intents", "steps"};
  return keys;
}
const Words& step_keys() {
  static const Words keys = {"id", "tool", "with", "timeout", "on_interrupt", "retry"};
  return keys;
}
const Words& retry_keys() {
  static const Words keys = {"attempts", "backoff"};
  return keys;
}
/// Keys the format reserves. Ignoring them would run something else than what was written.
const Words& reserved_keys() {
  static const Words keys = {
      "when", "ask", "parallel", "for_each", "finally", "on_error", "outputs", "runbook"
  };
  return keys;
}

bool contains(const Words& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Turns one located document into a Plan, reporting everything that is wrong on the way.
class PlanReader {
 public:
  PlanReader(const SourceText& source, Report& report) : source_(source), report_(report) {}

  Plan read(std::string_view file) {
    Plan plan;
    if (!source_.value.is_object()) {
      wrong(
          "",
          fmt::format(
              "a runbook is a mapping with name and steps, not {}", json_type(source_.value)
          )
      );
      return plan;
    }
    check_keys(source_.value, "", runbook_keys(), step_keys());
    plan.name = name(file);
    plan.description = text_or(source_.value, "", "description", "");
    plan.inputs = read_inputs(source_, report_);
    plan.intents = intents(plan.inputs);
    plan.steps = steps(plan.inputs);
    return plan;
  }

 private:
  void wrong(const std::string& pointer, std::string message) {
    report_.add(source_.value_mark(pointer), std::move(message));
  }

  void check_keys(
      const Json& object, const std::string& pointer, const Words& known, const Words& elsewhere
  ) {
    for (const auto& [key, value] : object.items()) {
      if (contains(known, key)) continue;
      const Mark mark = source_.key_mark(pointer + "/" + schema::escape_token(key));
      report_.add(mark, unknown_key(key, known, elsewhere));
    }
  }

  static std::string unknown_key(
      const std::string& key, const Words& known, const Words& elsewhere
  ) {
    if (contains(reserved_keys(), key)) {
      return fmt::format("the key \"{}\" is not supported by this version of opsroom", key);
    }
    std::string text = fmt::format("unknown key \"{}\"", key);
    if (const auto near = nearest(key, known))
      return text + fmt::format("; did you mean \"{}\"?", *near);
    if (contains(elsewhere, key)) {
      const bool of_step = contains(step_keys(), key);
      return text + (of_step ? " here; it belongs to a step" : " here; it belongs to the runbook");
    }
    return text + "; there are " + listing(known);
  }

  std::string text_or(
      const Json& object, const std::string& pointer, const char* key, std::string fallback
  ) {
    const auto found = object.find(key);
    if (found == object.end() || found->is_null()) return fallback;
    if (found->is_string()) return found->get<std::string>();
    wrong(
        fmt::format("{}/{}", pointer, key),
        fmt::format("{}: expected a text, got {} (quote it)", key, json_type(*found))
    );
    return fallback;
  }

  std::string name(std::string_view file) {
    const std::string stem = std::filesystem::path(file).stem().string();
    const std::string name = text_or(source_.value, "", "name", stem);
    if (const std::string error = name_error(name); !error.empty()) {
      const bool from_file = !source_.value.contains("name");
      wrong("/name", from_file ? error + "; give it a name: of its own" : error);
    }
    return name;
  }

  Words intents(const Json& inputs) {
    Words patterns;
    const auto found = source_.value.find("intents");
    if (found == source_.value.end() || found->is_null()) return patterns;
    const Json list = found->is_string() ? Json::array({*found}) : *found;
    if (!list.is_array()) {
      wrong("/intents", "intents: expected a list of texts");
      return patterns;
    }
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string pointer = fmt::format("/intents/{}", i);
      if (!list[i].is_string()) {
        wrong(pointer, intent_type_error(list[i]));
        continue;
      }
      patterns.push_back(list[i].get<std::string>());
      for (const std::string& error : intent_errors(patterns.back(), inputs))
        wrong(pointer, error);
    }
    return patterns;
  }

  static std::string intent_type_error(const Json& value) {
    if (!value.is_object()) return fmt::format("an intent is a text, not {}", json_type(value));
    return "an intent is a text; quote it, since YAML takes braces for a mapping";
  }

  std::vector<PlanStep> steps(const Json& inputs) {
    std::vector<PlanStep> steps;
    const auto found = source_.value.find("steps");
    if (found == source_.value.end() || !found->is_array() || found->empty()) {
      wrong("/steps", "steps: a runbook needs a list of at least one step");
      return steps;
    }
    if (found->size() > max_steps) wrong("/steps", fmt::format("steps: more than {}", max_steps));
    Words ids;
    for (std::size_t i = 0; i < found->size() && i < max_steps; ++i) {
      steps.push_back(step((*found)[i], i, inputs, ids));
      ids.push_back(steps.back().id);
    }
    return steps;
  }

  PlanStep step(const Json& json, std::size_t index, const Json& inputs, const Words& earlier) {
    const std::string pointer = fmt::format("/steps/{}", index);
    PlanStep step;
    step.id = fmt::format("step-{}", index + 1);
    if (!json.is_object()) {
      wrong(pointer, fmt::format("a step is a mapping with a tool, not {}", json_type(json)));
      return step;
    }
    check_keys(json, pointer, step_keys(), runbook_keys());
    step.id = step_id(json, pointer, step.id, earlier);
    step.tool = tool(json, pointer);
    step.with = with(json, pointer);
    check_expressions(step.with, pointer + "/with", inputs, earlier, source_, report_);
    step.timeout = timeout(json, pointer, step.timeout);
    step.on_interrupt = on_interrupt(json, pointer);
    step.retry = retry(json, pointer);
    return step;
  }

  std::string step_id(
      const Json& json,
      const std::string& pointer,
      const std::string& fallback,
      const Words& earlier
  ) {
    const std::string id = text_or(json, pointer, "id", fallback);
    if (const std::string error = step_id_error(id); !error.empty()) wrong(pointer + "/id", error);
    if (contains(earlier, id)) {
      wrong(
          pointer + "/id", fmt::format("the step id \"{}\" is already taken by an earlier step", id)
      );
    }
    return id;
  }

  std::string tool(const Json& json, const std::string& pointer) {
    if (!json.contains("tool")) {
      const bool reserved =
          std::any_of(reserved_keys().begin(), reserved_keys().end(), [&](const auto& key) {
            return json.contains(key);
          });
      if (!reserved)
        wrong(pointer, "the step has no tool; write tool: <source>.<tool>, e.g. exec.run");
      return {};
    }
    if (json["tool"].is_null()) {
      wrong(pointer + "/tool", "tool: is empty; write <source>.<tool>, e.g. exec.run");
      return {};
    }
    std::string tool = text_or(json, pointer, "tool", "");
    if (!json["tool"].is_string()) return {};
    if (const std::string error = tool_name_error(tool); !error.empty())
      wrong(pointer + "/tool", error);
    return tool;
  }

  Json with(const Json& json, const std::string& pointer) {
    const auto found = json.find("with");
    if (found == json.end() || found->is_null()) return Json::object();
    if (found->is_object()) return *found;
    wrong(
        pointer + "/with",
        fmt::format("with: expected a mapping of arguments, got {}", json_type(*found))
    );
    return Json::object();
  }

  std::chrono::milliseconds timeout(
      const Json& json, const std::string& pointer, std::chrono::milliseconds fallback
  ) {
    const auto found = json.find("timeout");
    if (found == json.end() || found->is_null()) return fallback;
    const auto parsed =
        found->is_string() ? duration_from(found->get<std::string>()) : std::nullopt;
    if (!parsed) {
      wrong(
          pointer + "/timeout",
          fmt::format(
              "timeout: {} is not a duration; write e.g. 10m, 90s, 500ms or 1h30m", dump(*found)
          )
      );
      return fallback;
    }
    if (*parsed < min_timeout || *parsed > max_timeout) {
      wrong(pointer + "/timeout", "timeout: has to be between 1ms and 7d");
    }
    return *parsed;
  }

  Retry retry(const Json& json, const std::string& step_pointer) {
    Retry retry;
    const auto found = json.find("retry");
    if (found == json.end() || found->is_null()) return retry;
    const std::string pointer = step_pointer + "/retry";
    if (!found->is_object()) {
      wrong(pointer, "retry: expected a mapping, e.g. { attempts: 3, backoff: 5s }");
      return retry;
    }
    check_keys(*found, pointer, retry_keys(), {});
    const auto attempts = found->find("attempts");
    if (attempts == found->end() || !attempts->is_number_integer() || *attempts < 1 ||
        *attempts > most_attempts) {
      wrong(
          attempts == found->end() ? pointer : pointer + "/attempts",
          fmt::format("retry: needs attempts, a whole number from 1 to {}", most_attempts)
      );
    } else {
      retry.attempts = attempts->get<int>();
    }
    retry.backoff = backoff(*found, pointer, retry.backoff);
    return retry;
  }

  std::chrono::milliseconds backoff(
      const Json& json, const std::string& pointer, std::chrono::milliseconds fallback
  ) {
    const auto found = json.find("backoff");
    if (found == json.end() || found->is_null()) return fallback;
    const auto parsed =
        found->is_string() ? duration_from(found->get<std::string>()) : std::nullopt;
    if (parsed && *parsed <= max_backoff) return *parsed;
    wrong(
        pointer + "/backoff",
        fmt::format("backoff: {} is not a duration of at most 1d; write e.g. 5s", dump(*found))
    );
    return fallback;
  }

  OnInterrupt on_interrupt(const Json& json, const std::string& pointer) {
    const std::string text = text_or(json, pointer, "on_interrupt", "ask");
    if (const auto choice = on_interrupt_from(text)) return *choice;
    wrong(
        pointer + "/on_interrupt",
        fmt::format("on_interrupt: \"{}\" is not one of ask, retry and fail", text)
    );
    return OnInterrupt::ask;
  }

  const SourceText& source_;
  Report& report_;
};

}  // namespace

Plan parse_runbook(std::string_view text, std::string_view file) {
  Report report(file);
  const SourceText source = read_source(text, report);
  Plan plan = PlanReader(source, report).read(file);
  report.throw_if_any();
  plan.digest = digest_of(plan);
  return plan;
}

}  // namespace opsroom::runbook
