#include "questions.hpp"

#include "form.hpp"

#include <algorithm>

namespace opsroom::plugins::ask {
namespace {

const char* const key = "answer";

/// A person's answer: the filled form, or how it ended without one.
struct Heard {
  bool accepted = false;
  std::string ending;  ///< "declined" or "cancelled"
  json content = json::object();
};

Heard hear(const std::string& message, const json& form, tool::Call& call) {
  const json answer = call.ask_form(key, message, form);
  const std::string action = answer.is_object() ? answer.value("action", "") : "";
  if (action == "accept")
    return {true, "", checked_content(form, answer.value("content", json::object()))};
  if (action == "decline") return {false, "declined", {}};
  if (action == "cancel") return {false, "cancelled", {}};
  throw std::runtime_error(
      "the client answered the question with the unknown action \"" + action +
      "\"; MCP knows accept, decline and cancel"
  );
}

std::string in_words(const std::string& ending) {
  return ending == "declined" ? "the person declined to answer" : "the question was cancelled";
}

json approval_form() {
  return {
      {"type", "object"},
      {"properties",
       {{"approved", {{"type", "boolean"}, {"title", "Approve"}}},
        {"reason",
         {{"type", "string"}, {"title", "Reason"}, {"description", "Optional"}, {"maxLength", 2000}}
        }}},
      {"required", {"approved"}}
  };
}

json one_option(const ChoiceArgs& args) {
  json field{{"type", "string"}, {"title", "Choice"}};
  if (args.preset) field["default"] = *args.preset;
  if (args.titles.empty()) {
    field["enum"] = args.choices;
    return field;
  }
  field["oneOf"] = json::array();
  for (const auto& each : args.choices) {
    const auto title = args.titles.find(each);
    field["oneOf"].push_back(
        {{"const", each}, {"title", title == args.titles.end() ? each : title->second}}
    );
  }
  return field;
}

void check(const ChoiceArgs& args) {
  const auto offered = [&](const std::string& text) {
    return std::find(args.choices.begin(), args.choices.end(), text) != args.choices.end();
  };
  for (std::size_t i = 0; i < args.choices.size(); ++i)
    if (std::count(args.choices.begin(), args.choices.end(), args.choices[i]) > 1)
      throw tool::BadArguments("/choices/" + std::to_string(i), "stands there twice");
  for (const auto& [name, ignored] : args.titles)
    if (!offered(name)) throw tool::BadArguments("/titles", "'" + name + "' is none of /choices");
  if (args.preset && !offered(*args.preset))
    throw tool::BadArguments("/default", "'" + *args.preset + "' is none of /choices");
}

}  // namespace

tool::Outcome<Approval> approval(const ApprovalArgs& args, tool::Call& call) {
  const Heard heard = hear(args.message, approval_form(), call);
  if (!heard.accepted)
    return {{false, heard.ending, {}}, "not approved: " + in_words(heard.ending), args.check};
  Approval made;
  made.approved = heard.content.at("approved").get<bool>();
  made.outcome = made.approved ? "approved" : "refused";
  if (const auto reason = heard.content.value("reason", ""); !reason.empty()) made.reason = reason;
  std::string text = made.approved ? "approved" : "not approved: the person said no";
  if (made.reason) text += " (" + *made.reason + ")";
  const bool failed = args.check && !made.approved;
  return {std::move(made), std::move(text), failed};
}

tool::Outcome<Answer> question(const QuestionArgs& args, tool::Call& call) {
  Heard heard = hear(args.message, checked_form(args.form), call);
  if (!heard.accepted)
    return {{false, heard.ending, {}}, "no answer: " + in_words(heard.ending), args.check};
  std::string text = heard.content.dump(-1, ' ', false, json::error_handler_t::replace);
  return {{true, "answered", heard.content.get<std::map<std::string, json>>()}, std::move(text)};
}

tool::Outcome<Choice> choice(const ChoiceArgs& args, tool::Call& call) {
  check(args);
  const json form{
      {"type", "object"}, {"properties", {{"choice", one_option(args)}}}, {"required", {"choice"}}
  };
  const Heard heard = hear(args.message, form, call);
  if (!heard.accepted)
    return {{std::nullopt, heard.ending}, "nothing chosen: " + in_words(heard.ending), args.check};
  auto chosen = heard.content.at("choice").get<std::string>();
  std::string text = "chosen: " + chosen;
  return {{std::move(chosen), "chosen"}, std::move(text)};
}

}  // namespace opsroom::plugins::ask
