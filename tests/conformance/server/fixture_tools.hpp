#pragma once
#include <nlohmann/json.hpp>

#include <opsroom/tool.hpp>

namespace opsroom::conformance {

struct Nothing {
  static constexpr auto fields() { return tool::fields(); }
};

/// Tools, resources and prompts by the names that the suite looks for, in the order of its pages.
void add_basics(tool::Registry& tools);
void add_questions(tool::Registry& tools);
void add_long_jobs(tool::Registry& tools);

/// A form with one text that must be given.
tool::json text_form(const char* name);

/// The text a person gave, once there is one.
std::string asked_text(tool::Call& call, const char* key, const char* question, const char* name);

/// Sleeps unless the call is cancelled, which unwinds.
void rest(tool::Call& call, std::chrono::milliseconds time);

}  // namespace opsroom::conformance
