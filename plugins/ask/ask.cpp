#include "questions.hpp"

#include <opsroom/tool.hpp>

namespace {

namespace ask = opsroom::plugins::ask;

/// Asking changes nothing, and an answer that is there is not asked for again.
opsroom::tool::Hints hints(const char* title) {
  return {
      .title = title,
      .read_only = true,
      .destructive = false,
      .idempotent = true,
      .open_world = true
  };
}

void add_tools(opsroom::tool::Registry& tools) {
  tools.add<ask::ApprovalArgs>(
      "approval",
      "Asks a person for a yes or no, with an optional reason, and waits for it however long it "
      "takes.",
      ask::approval,
      hints("Ask for approval")
  );
  tools.add<ask::QuestionArgs>(
      "question",
      "Asks a person to fill in a form, and waits for it however long it takes.",
      ask::question,
      hints("Ask a question")
  );
  tools.add<ask::ChoiceArgs>(
      "choice",
      "Asks a person to choose one of a list, and waits for it however long it takes.",
      ask::choice,
      hints("Ask for a choice")
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 =
    opsroom::tool::plugin<add_tools>("ask", "0.1.0", OPSROOM_CONCURRENT);
