#include "base/failure.hpp"
#include "base/files.hpp"
#include "cli/follow.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "model/to_json.hpp"
#include "runbook/inputs.hpp"
#include "runbook/library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

namespace opsroom::cli {
namespace {

struct Chosen {
  runbook::Plan plan;
  Json inputs;
};

bool looks_like_a_file(const std::string& what) {
  const bool named = what.ends_with(".yaml") || what.ends_with(".yml") || what.ends_with(".json");
  return named || what.find('/') != std::string::npos;
}

/// A file, a name of the library, or an intent, in this order.
Chosen choose(const Context& context, const StartRun& verb) {
  Chosen chosen;
  if (looks_like_a_file(verb.what)) {
    if (!std::filesystem::exists(verb.what)) {
      throw Failure(
          Code::not_found,
          fmt::format("there is no file {}", verb.what),
          "Give the path of a runbook, or a name that `opsroom runbooks` lists."
      );
    }
    chosen.plan = runbook::parse_runbook(read_file(verb.what, 1u << 20), verb.what);
    chosen.inputs = Json::object();
  } else {
    const runbook::Library library(context.settings.runbooks);
    auto match = library.match_intent(verb.what);
    // find() says best what exists when nothing matches
    chosen.plan = match ? std::move(match->plan) : library.find(verb.what);
    chosen.inputs = match ? std::move(match->inputs) : Json::object();
  }
  chosen.inputs.update(runbook::parse_input_values(chosen.plan, verb.inputs));
  chosen.inputs = runbook::fill_inputs(chosen.plan, chosen.inputs);
  return chosen;
}

std::string absolute_repository(const std::string& given) {
  const bool local = !given.empty() && std::filesystem::exists(given);
  return local ? std::filesystem::canonical(given).string() : given;
}

Task<Session> find_or_make(Books books, StartRun verb) {
  auto found = co_await books.ledger.find_session(verb.session);
  if (found && !verb.repository.empty() &&
      found->repository != absolute_repository(verb.repository)) {
    throw Failure(
        Code::conflict,
        fmt::format("session '{}' works on {}", found->title, found->repository),
        "Leave --repo out, or choose another --session."
    );
  }
  if (found) co_return std::move(*found);
  const bool number = std::all_of(verb.session.begin(), verb.session.end(), [](char c) {
    return c >= '0' && c <= '9';
  });
  if (number) {
    throw Failure(
        Code::not_found,
        fmt::format("session {} does not exist", verb.session),
        "`opsroom sessions` lists them; a title makes a new one."
    );
  }
  NewSession fresh{verb.session, {}, absolute_repository(verb.repository), verb.base};
  co_return co_await books.ledger.create_session(std::move(fresh));
}

Task<int> enqueue(const Context& context, Books books, StartRun verb, Chosen chosen) {
  const Session session = co_await find_or_make(books, verb);
  NewRun fresh;
  fresh.session = session.id;
  fresh.lane = verb.lane;
  fresh.intent = looks_like_a_file(verb.what) ? chosen.plan.name : verb.what;
  fresh.runbook = chosen.plan.name;
  fresh.plan = runbook::to_json(chosen.plan);
  fresh.inputs = chosen.inputs;
  fresh.priority = verb.priority;
  fresh.who = "cli";
  Run run = co_await books.ledger.enqueue(std::move(fresh));
  if (!verb.follow) {
    if (context.json) {
      fmt::print("{}\n", dump(to_json(run)));
    } else {
      fmt::print(
          "run {} is {} in lane {} of session {} ({}); `opsroom logs -f {}` shows it\n",
          run.id,
          to_string(run.status),
          run.lane,
          session.id,
          session.title,
          run.id
      );
    }
    co_return 0;
  }
  const bool colour = colour_wanted(stdout);
  const bool json = context.json;
  auto following = follow_run(books, run.id, 0, true, [colour, json](const Event& event) {
    const std::string text = json ? dump(to_json(event)) : event_text(event, colour);
    if (!text.empty()) fmt::print("{}\n", text);
    std::fflush(stdout);
  });
  run = co_await std::move(following);
  if (run.status == RunStatus::waiting) {
    fmt::print(stderr, "`opsroom answer {} retry|skip|fail` decides.\n", run.id);
  }
  co_return exit_code_of(run.status);
}

}  // namespace

int perform(const Context& context, const StartRun& verb) {
  // Before the database is asked: a wrong runbook is told without one.
  const Chosen chosen = choose(context, verb);
  return with_books(
      context,
      [&](const Context& inner, Books books) { return enqueue(inner, books, verb, chosen); },
      verb.follow
  );
}

}  // namespace opsroom::cli
