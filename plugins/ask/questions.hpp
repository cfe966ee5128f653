#pragma once
#include <nlohmann/json.hpp>

#include <map>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::plugins::ask {

struct ApprovalArgs {
  std::string message;
  bool check = true;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("message", &ApprovalArgs::message, "What is to be approved").not_empty(),
        tool::option("check", &ApprovalArgs::check, "Fail the call unless it is approved")
    );
  }
};

/// What became of a request for approval.
struct Approval {
  bool approved = false;
  std::string outcome;
  std::optional<std::string> reason;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("approved", &Approval::approved, "Whether somebody said yes"),
        tool::field("outcome", &Approval::outcome, "How it ended")
            .one_of({"approved", "refused", "declined", "cancelled"}),
        tool::field("reason", &Approval::reason, "What the person gave as the reason")
    );
  }
};

struct QuestionArgs {
  std::string message;
  tool::json form;
  bool check = true;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("message", &QuestionArgs::message, "What is asked").not_empty(),
        tool::field(
            "form",
            &QuestionArgs::form,
            "The fields to fill in: a flat JSON Schema of texts, numbers, booleans and options, "
            "as in MCP's elicitation"
        ),
        tool::option("check", &QuestionArgs::check, "Fail the call unless it is answered")
    );
  }
};

/// What became of a question.
struct Answer {
  bool answered = false;
  std::string outcome;
  std::map<std::string, tool::json> content{};

  static constexpr auto fields() {
    return tool::fields(
        tool::field("answered", &Answer::answered, "Whether the form was filled in"),
        tool::field("outcome", &Answer::outcome, "How it ended")
            .one_of({"answered", "declined", "cancelled"}),
        tool::field("content", &Answer::content, "The fields; empty without an answer")
    );
  }
};

struct ChoiceArgs {
  std::string message;
  std::vector<std::string> choices;
  std::map<std::string, std::string> titles;
  std::optional<std::string> preset;
  bool check = true;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("message", &ChoiceArgs::message, "What is asked").not_empty(),
        tool::field("choices", &ChoiceArgs::choices, "What there is to choose from").not_empty(),
        tool::option("titles", &ChoiceArgs::titles, "What people read instead, by choice"),
        tool::option("default", &ChoiceArgs::preset, "The choice that is marked at first"),
        tool::option("check", &ChoiceArgs::check, "Fail the call unless something is chosen")
    );
  }
};

/// What became of a choice.
struct Choice {
  std::optional<std::string> choice;
  std::string outcome;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("choice", &Choice::choice, "The choice; null without one"),
        tool::field("outcome", &Choice::outcome, "How it ended")
            .one_of({"chosen", "declined", "cancelled"})
    );
  }
};

/// Each asks a person and returns once there is an answer, days later if need be: the process may
/// have ended in between. Before the answer they unwind.
tool::Outcome<Approval> approval(const ApprovalArgs& args, tool::Call& call);
tool::Outcome<Answer> question(const QuestionArgs& args, tool::Call& call);
tool::Outcome<Choice> choice(const ChoiceArgs& args, tool::Call& call);

}  // namespace opsroom::plugins::ask
