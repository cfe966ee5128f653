#pragma once

#include "runbook/plan.hpp"
#include "runbook/source_text.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::runbook {

inline constexpr std::chrono::milliseconds min_timeout{1};
inline constexpr std::chrono::milliseconds max_timeout = std::chrono::hours(24 * 7);

inline constexpr int most_attempts = 100;
inline constexpr std::chrono::milliseconds max_backoff = std::chrono::hours(24);

std::string digest_of(const Plan& plan);

/// The schema of a runbook that takes no inputs.
Json no_inputs();

/// "10m", "90s", "500ms", "1h30m"; none when it is nothing of the kind.
std::optional<std::chrono::milliseconds> duration_from(std::string_view text);
std::optional<OnInterrupt> on_interrupt_from(std::string_view text);

/// What is wrong with a tool's name; empty when nothing.
std::string tool_name_error(std::string_view name);
/// What is wrong with a runbook's name; empty when nothing.
std::string name_error(std::string_view name);
/// What is wrong with a step's id; empty when nothing.
std::string step_id_error(std::string_view id);

/// The `inputs` of a file as a JSON Schema of type object; reports what is wrong with it.
Json read_inputs(const SourceText& source, Report& report);

/// Reports what is wrong with the expressions of a step's `with`: syntax, unknown inputs, steps
/// that do not come before it. `earlier` are the ids of the steps before.
void check_expressions(
    const Json& with,
    const std::string& pointer,
    const Json& inputs,
    const std::vector<std::string>& earlier,
    const SourceText& source,
    Report& report
);

/// Reports what is wrong with an intent pattern.
std::vector<std::string> intent_errors(const std::string& pattern, const Json& inputs);

}  // namespace opsroom::runbook
