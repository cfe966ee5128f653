#include "base/failure.hpp"
#include "cli/answer_dialog.hpp"
#include "cli/answer_words.hpp"
#include "cli/question_text.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "model/input_reply.hpp"
#include "model/to_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <unistd.h>
#include <utility>

namespace opsroom::cli {
namespace {

constexpr int needs_a_person = 3;

/// What a run waits for, as it was when it was read.
struct Waiting {
  Run run;
  std::optional<Step> interrupted;
  std::vector<InputRequest> open;     ///< oldest first
  std::optional<InputRequest> named;  ///< the one that --input names, open or not
};

Task<Waiting> read_waiting(Books books, RunId id, std::int64_t named) {
  Waiting waiting;
  waiting.run = co_await books.ledger.run(id);
  if (named != 0) waiting.named = co_await books.ledger.input(InputId{named});
  auto steps = co_await books.ledger.steps(id);
  for (Step& step : steps) {
    if (step.status == StepStatus::interrupted) waiting.interrupted = std::move(step);
  }
  if (is_terminal(waiting.run.status)) co_return waiting;
  waiting.open = co_await books.ledger.inputs(id, true);
  std::reverse(waiting.open.begin(), waiting.open.end());
  co_return waiting;
}

bool waits_for_decision(const Waiting& waiting) {
  return waiting.run.status == RunStatus::waiting && waiting.interrupted && waiting.open.empty();
}

Failure asks_nothing(const Run& run) {
  return Failure(
      Code::conflict,
      fmt::format("run {} is {} and asks nothing", run.id, to_string(run.status)),
      "`opsroom inputs` lists the open questions of all runs."
  );
}

/// What the command line says about how to answer; nullopt: nothing yet.
std::optional<InputAction> action_of(const Answer& verb, const AnswerWords& words) {
  const int flags = int{verb.accept} + int{verb.decline} + int{verb.cancel};
  const bool refused = verb.decline || verb.cancel;
  if (flags > 1 || (refused && !words.empty()) || (flags > 0 && words.decision)) {
    throw Failure(
        Code::invalid,
        "the command line gives more than one answer",
        "--decline and --cancel stand alone; --accept goes with name=value words."
    );
  }
  if (verb.decline) return InputAction::decline;
  if (verb.cancel) return InputAction::cancel;
  if (verb.accept || words.content || !words.values.empty()) return InputAction::accept;
  return std::nullopt;
}

std::string ids_of(const std::vector<InputRequest>& open) {
  std::string ids;
  for (const InputRequest& input : open)
    ids += fmt::format("{}{}", ids.empty() ? "" : ", ", input.id);
  return ids;
}

/// Why the question that was named cannot be answered.
Failure not_open(const Waiting& waiting) {
  const InputRequest& input = *waiting.named;
  const auto remedy = fmt::format("`opsroom answer {}` shows what is open there.", waiting.run.id);
  if (input.run != waiting.run.id) {
    return Failure(
        Code::conflict,
        fmt::format("question {} is of run {}", input.id, input.run),
        fmt::format("Say `opsroom answer {} --input {}`.", input.run, input.id)
    );
  }
  if (input.reply) {
    return Failure(
        Code::conflict,
        fmt::format(
            "question {} was answered by {} ({})",
            input.id,
            safe_for_terminal(input.answered_by.value_or("somebody")),
            to_string(input.reply->action)
        ),
        remedy
    );
  }
  return Failure(
      Code::conflict, fmt::format("question {} is not asked any more", input.id), remedy
  );
}

const InputRequest& choose(const Waiting& waiting, const Answer& verb) {
  const RunId run = waiting.run.id;
  for (const InputRequest& input : waiting.open) {
    if (input.id.value == verb.input) return input;
  }
  if (verb.input != 0) throw not_open(waiting);
  if (waiting.open.size() == 1) return waiting.open.front();
  if (waits_for_decision(waiting)) {
    throw Failure(
        Code::conflict,
        fmt::format("run {} asks for a decision, not for an answer", run),
        fmt::format("Say `opsroom answer {} retry`, skip or fail.", run)
    );
  }
  if (waiting.open.empty()) throw asks_nothing(waiting.run);
  throw Failure(
      Code::conflict,
      fmt::format("run {} asks {} questions: {}", run, waiting.open.size(), ids_of(waiting.open)),
      fmt::format("Say which with --input; `opsroom answer {}` shows them.", run)
  );
}

void show_decision(const Waiting& waiting) {
  const Step& step = *waiting.interrupted;
  fmt::print(
      "run {} waits for a decision: step '{}' ({}) was interrupted and may or may not have "
      "happened\n",
      waiting.run.id,
      safe_for_terminal(step.id),
      safe_for_terminal(step.tool)
  );
  if (step.error) fmt::print("  {}\n", safe_for_terminal(*step.error));
}

int show(const Context& context, const Waiting& waiting) {
  if (context.json) {
    Json json = to_json(waiting.run);
    json["questions"] = to_json_array(waiting.open);
    fmt::print("{}\n", dump(json));
    return needs_a_person;
  }
  if (waits_for_decision(waiting)) {
    show_decision(waiting);
    fmt::print("  opsroom answer {} retry|skip|fail\n", waiting.run.id);
  }
  for (const InputRequest& input : waiting.open) {
    fmt::print(
        "{}\nAnswer:\n{}\n",
        question_text(input, colour_wanted(stdout)),
        ways_to_answer(input, waiting.open.size() > 1)
    );
  }
  return needs_a_person;
}

/// A run that asks something is told how to be answered from here.
Task<> refuse_decision(Books books, RunId id, std::string decision) {
  const auto open = co_await books.ledger.inputs(id, true);
  if (open.empty()) co_return;
  throw Failure(
      Code::conflict,
      fmt::format("run {} asks a question; '{}' is no answer to it", id, decision),
      fmt::format("`opsroom answer {}` shows what is asked and how to answer.", id)
  );
}

Task<int> decide(const Context& context, Books books, RunId id, std::string decision) {
  co_await refuse_decision(books, id, decision);
  const Run run = co_await books.ledger.answer(id, std::move(decision), "cli");
  if (context.json) {
    fmt::print("{}\n", dump(to_json(run)));
  } else {
    fmt::print("run {} is {}\n", run.id, to_string(run.status));
  }
  co_return 0;
}

Task<int> send(const Context& context, Books books, InputId id, InputReply reply) {
  const auto action = reply.action;
  const auto input = co_await books.ledger.answer_input(id, std::move(reply), "cli");
  if (context.json) {
    fmt::print("{}\n", dump(to_json(input)));
  } else {
    fmt::print(
        "question {} is answered ({}); `opsroom logs -f {}` shows how run {} goes on\n",
        input.id,
        to_string(action),
        input.run,
        input.run
    );
  }
  co_return 0;
}

InputReply reply_of(const InputRequest& input, InputAction action, const AnswerWords& words) {
  try {
    InputReply reply{action, Json()};
    if (action == InputAction::accept && !words.empty())
      reply.content = parse_answer(input.ask, words);
    return checked_reply(input.ask, std::move(reply));
  } catch (const Failure& failure) {
    if (!failure.hint().empty()) throw;
    throw Failure(
        failure.code(),
        safe_for_terminal(failure.message()),
        fmt::format("`opsroom answer {}` shows what is asked and how to answer.", input.run)
    );
  }
}

bool on_terminal() {
  return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0;
}

int send_now(const Context& context, const InputRequest& input, InputReply reply) {
  return with_books(context, [&](const Context& inner, Books books) {
    return send(inner, books, input.id, reply);
  });
}

int decide_now(const Context& context, RunId run, const std::string& decision) {
  return with_books(context, [&](const Context& inner, Books books) {
    return decide(inner, books, run, decision);
  });
}

/// Question after question. No connection to the database is held while a person thinks.
int converse(const Context& context, const Waiting& waiting, std::int64_t only) {
  if (waits_for_decision(waiting)) {
    show_decision(waiting);
    const auto decision = ask_decision(std::cin, std::cout);
    return decision ? decide_now(context, waiting.run.id, *decision) : needs_a_person;
  }
  for (const InputRequest& input : waiting.open) {
    if (only != 0 && input.id.value != only) continue;
    fmt::print("{}\n", question_text(input, colour_wanted(stdout)));
    std::fflush(stdout);
    auto reply = ask_person(input, std::cin, std::cout);
    if (!reply) return needs_a_person;
    send_now(context, input, std::move(*reply));
  }
  return 0;
}

Waiting load(const Context& context, RunId run, std::int64_t named) {
  Waiting waiting;
  with_books(context, [&](const Context&, Books books) -> Task<int> {
    return [](Books inner, RunId id, std::int64_t input, Waiting& out) -> Task<int> {
      out = co_await read_waiting(inner, id, input);
      co_return 0;
    }(books, run, named, waiting);
  });
  return waiting;
}

Task<int> list_inputs(const Context& context, Books books) {
  const auto inputs = co_await books.ledger.inputs(std::nullopt, true);
  if (context.json) {
    fmt::print("{}\n", dump(Json{{"inputs", to_json_array(inputs)}}));
    co_return 0;
  }
  if (inputs.empty()) {
    fmt::print("nobody asks anything\n");
    co_return 0;
  }
  Table table({"QUESTION", "RUN", "STEP", "TOOL", "KIND", "ASKED", "MESSAGE"});
  for (const InputRequest& input : inputs) {
    table.row(
        {{fmt::to_string(input.id)},
         {fmt::to_string(input.run)},
         {safe_for_terminal(input.step)},
         {safe_for_terminal(input.tool)},
         {asks_for_visit(input.ask) ? "url" : "form"},
         {input.created_at.substr(0, 19)},
         {question_line(input)}}
    );
  }
  fmt::print("{}", table.text(colour_wanted(stdout)));
  fmt::print("`opsroom answer RUN` shows one whole and takes the answer.\n");
  co_return 0;
}

}  // namespace

int perform(const Context& context, const Answer& verb) {
  const AnswerWords words = read_answer_words(verb.words);
  const auto action = action_of(verb, words);
  const RunId run{verb.run};
  if (words.decision) return decide_now(context, run, *words.decision);
  const Waiting waiting = load(context, run, verb.input);
  if (action) {
    const InputRequest& input = choose(waiting, verb);
    return send_now(context, input, reply_of(input, *action, words));
  }
  if (verb.input != 0) choose(waiting, verb);  // says why it cannot be that one
  if (waiting.open.empty() && !waits_for_decision(waiting)) throw asks_nothing(waiting.run);
  const bool dialog = on_terminal() && !context.json;
  return dialog ? converse(context, waiting, verb.input) : show(context, waiting);
}

int perform(const Context& context, const ListInputs&) {
  return with_books(context, list_inputs);
}

}  // namespace opsroom::cli
