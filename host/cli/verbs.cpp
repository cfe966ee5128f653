#include "cli/verbs.hpp"

#include "app/database_url.hpp"
#include "app/login.hpp"
#include "app/serve.hpp"
#include "app/work.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "cli/follow.hpp"
#include "cli/question_text.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"
#include "model/to_json.hpp"
#include "runbook/library.hpp"
#include "store/migrator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace opsroom::cli {
namespace {

void print(const Json& json) {
  fmt::print("{}\n", dump(json));
}

void print(const Table& table) {
  fmt::print("{}", table.text(colour_wanted(stdout)));
}

std::string_view short_time(std::string_view iso) {
  return iso.substr(0, 19);
}

Table::Cell status_cell(std::string_view status) {
  return {std::string(status), ink_of_status(status)};
}

Task<int> list_sessions(const Context& context, Books books) {
  const auto sessions = co_await books.ledger.sessions(100);
  if (context.json) {
    print(Json{{"sessions", to_json_array(sessions)}});
    co_return 0;
  }
  if (sessions.empty())
    fmt::print("no sessions yet: `opsroom session TITLE --repo PATH` opens one\n");
  Table table({"ID", "TITLE", "REPOSITORY", "CREATED"});
  for (const Session& session : sessions) {
    table.row(
        {{fmt::to_string(session.id)},
         {safe_for_terminal(session.title)},
         {safe_for_terminal(session.repository)},
         {std::string(short_time(session.created_at))}}
    );
  }
  if (!sessions.empty()) print(table);
  co_return 0;
}

/// The open questions, when any of the runs waits.
Task<std::vector<InputRequest>> questions_of(Books books, std::vector<Run> runs) {
  const bool any = std::any_of(runs.begin(), runs.end(), [](const Run& run) {
    return run.status == RunStatus::waiting;
  });
  if (!any) co_return std::vector<InputRequest>{};
  co_return co_await books.ledger.inputs(std::nullopt, true);
}

std::string why_of(const Run& run, const std::vector<InputRequest>& asked) {
  if (run.status == RunStatus::waiting) {
    for (const InputRequest& input : asked) {
      if (input.run == run.id) return "asks: " + question_line(input, 60);
    }
  }
  return safe_for_terminal(run.error.value_or(""));
}

Task<int> list_runs(const Context& context, Books books, ListRuns verb) {
  RunFilter filter;
  filter.limit = verb.limit;
  if (!verb.session.empty()) {
    const auto session = co_await books.ledger.find_session(verb.session);
    if (!session) {
      throw Failure(
          Code::not_found,
          fmt::format("session '{}' does not exist", verb.session),
          "`opsroom sessions` lists them."
      );
    }
    filter.session = session->id;
  }
  const auto runs = co_await books.ledger.runs(std::move(filter));
  if (context.json) {
    print(Json{{"runs", to_json_array(runs)}});
    co_return 0;
  }
  const auto asked = co_await questions_of(books, runs);
  Table table({"RUN", "SESSION", "LANE", "STATUS", "RUNBOOK", "WORKER", "CREATED", "WHY"});
  for (const Run& run : runs) {
    table.row(
        {{fmt::to_string(run.id)},
         {fmt::to_string(run.session)},
         {run.lane, ink_of_lane(run.lane)},
         status_cell(to_string(run.status)),
         {safe_for_terminal(run.runbook)},
         {run.claimed_by.value_or("-")},
         {std::string(short_time(run.created_at))},
         {why_of(run, asked)}}
    );
  }
  print(table);
  co_return 0;
}

Task<int> list_workers(const Context& context, Books books) {
  const auto workers = co_await books.ledger.workers();
  Json array = Json::array();
  Table table({"WORKER", "SLOTS", "RUNNING", "ALIVE", "HEARTBEAT"});
  for (const WorkerInfo& worker : workers) {
    array.push_back(
        {{"id", worker.id},
         {"slots", worker.slots},
         {"running", worker.running},
         {"heartbeat_at", worker.heartbeat_at},
         {"alive", worker.alive}}
    );
    table.row(
        {{worker.id},
         {std::to_string(worker.slots)},
         {std::to_string(worker.running)},
         {worker.alive ? "yes" : "no", worker.alive ? Ink::green : Ink::red},
         {std::string(short_time(worker.heartbeat_at))}}
    );
  }
  if (context.json) {
    print(Json{{"workers", std::move(array)}});
  } else {
    print(table);
  }
  co_return 0;
}

Task<int> show_run(const Context& context, Books books, RunId id) {
  const Run run = co_await books.ledger.run(id);
  const auto steps = co_await books.ledger.steps(id);
  std::vector<InputRequest> asked;
  if (run.status == RunStatus::waiting) asked = co_await books.ledger.inputs(id, true);
  if (context.json) {
    Json json = to_json(run);
    json["steps"] = to_json_array(steps);
    json["questions"] = to_json_array(asked);
    print(json);
    co_return 0;
  }
  const bool colour = colour_wanted(stdout);
  fmt::print(
      "run {} · session {} · lane {} · {} · {}\n",
      run.id,
      run.session,
      run.lane,
      safe_for_terminal(run.runbook),
      inked(to_string(run.status), ink_of_status(to_string(run.status)), colour)
  );
  if (run.error) fmt::print("{}\n", safe_for_terminal(*run.error));
  if (run.hint) fmt::print("{}\n", safe_for_terminal(*run.hint));
  Table table({"STEP", "TOOL", "STATUS", "TRIES", "DELIVERY", "STARTED", "ERROR"});
  for (const Step& step : steps) {
    table.row(
        {{step.id},
         {step.tool},
         status_cell(to_string(step.status)),
         {fmt::to_string(step.tries)},
         {step.delivery.value_or("-")},
         {std::string(short_time(step.started_at.value_or("-")))},
         {safe_for_terminal(step.error.value_or(""))}}
    );
  }
  print(table);
  for (const InputRequest& input : asked) {
    fmt::print(
        "{}\nAnswer:\n{}\n", question_text(input, colour), ways_to_answer(input, asked.size() > 1)
    );
  }
  co_return 0;
}

Task<int> print_logs(const Context& context, Books books, Logs verb) {
  const bool colour = colour_wanted(stdout);
  const bool json = context.json;
  auto following =
      follow_run(books, RunId{verb.run}, 0, verb.follow, [colour, json](const Event& event) {
        const std::string text = json ? dump(to_json(event)) : event_text(event, colour);
        if (!text.empty()) fmt::print("{}\n", text);
        std::fflush(stdout);
      });
  const Run run = co_await std::move(following);
  co_return verb.follow ? exit_code_of(run.status) : 0;
}

Task<int> print_diff(const Context& context, Books books, RunId id) {
  const auto artifacts = co_await books.ledger.artifacts(id);
  for (const Artifact& artifact : artifacts) {
    if (artifact.kind != "diff") continue;
    if (context.json) {
      print(to_json(artifact));
    } else {
      fmt::print("{}", co_await books.ledger.artifact_content(artifact.id));
    }
    co_return 0;
  }
  co_await books.ledger.run(id);  // says so when there is no such run
  fmt::print(stderr, "run {} has changed nothing\n", id);
  co_return 0;
}

int print_run(const Context& context, const Run& run) {
  if (context.json) {
    print(to_json(run));
  } else if (run.status == RunStatus::running && run.canceled_at) {
    fmt::print("run {} is being canceled\n", run.id);
  } else {
    fmt::print("run {} is {}\n", run.id, to_string(run.status));
  }
  return 0;
}

Task<int> cancel_run(const Context& context, Books books, RunId id) {
  const Run run = co_await books.ledger.cancel(id, "cli");
  co_return print_run(context, run);
}

Task<int> open_session(const Context& context, Books books, NewSessionVerb verb) {
  const bool local = !verb.repository.empty() && std::filesystem::exists(verb.repository);
  NewSession fresh;
  fresh.title = verb.title;
  fresh.intent = verb.intent;
  fresh.repository = local ? std::filesystem::canonical(verb.repository).string() : verb.repository;
  fresh.base = verb.base;
  const Session session = co_await books.ledger.create_session(std::move(fresh));
  if (context.json) {
    print(to_json(session));
  } else {
    fmt::print("session {} is open: {}\n", session.id, safe_for_terminal(session.title));
  }
  co_return 0;
}

Task<int> print_login(const Context& context, Books books) {
  std::string url = context.settings.address + ":" + std::to_string(context.settings.port);
  url = "http://" + url;
  const auto file = context.settings.home / "url";
  if (std::filesystem::exists(file)) {
    url = read_file(file, 4096);
    while (!url.empty() && url.back() == '\n')
      url.pop_back();
  }
  const std::string code = co_await app::new_login_code(books.credentials);
  fmt::print("{}\n", app::login_link(url, code));
  fmt::print(stderr, "The link works once, for two minutes.\n");
  co_return 0;
}

}  // namespace

int perform(const Context& context, const ListSessions&) {
  return with_books(context, list_sessions);
}
int perform(const Context& context, const ListWorkers&) {
  return with_books(context, list_workers);
}
int perform(const Context& context, const Login&) {
  return with_books(context, print_login);
}

int perform(const Context& context, const ListRuns& verb) {
  return with_books(context, [&](const Context& inner, Books books) {
    return list_runs(inner, books, verb);
  });
}

int perform(const Context& context, const ShowRun& verb) {
  return with_books(context, [&](const Context& inner, Books books) {
    return show_run(inner, books, RunId{verb.run});
  });
}

int perform(const Context& context, const Logs& verb) {
  return with_books(
      context,
      [&](const Context& inner, Books books) { return print_logs(inner, books, verb); },
      verb.follow
  );
}

int perform(const Context& context, const Diff& verb) {
  return with_books(context, [&](const Context& inner, Books books) {
    return print_diff(inner, books, RunId{verb.run});
  });
}

int perform(const Context& context, const Cancel& verb) {
  return with_books(context, [&](const Context& inner, Books books) {
    return cancel_run(inner, books, RunId{verb.run});
  });
}

int perform(const Context& context, const NewSessionVerb& verb) {
  return with_books(context, [&](const Context& inner, Books books) {
    return open_session(inner, books, verb);
  });
}

int perform(const Context& context, const ListRunbooks&) {
  const runbook::Library library(context.settings.runbooks);
  Table table({"RUNBOOK", "STEPS", "DESCRIPTION"});
  Json array = Json::array();
  for (const runbook::Plan& plan : library.all()) {
    table.row(
        {{plan.name}, {std::to_string(plan.steps.size())}, {safe_for_terminal(plan.description)}}
    );
    array.push_back(runbook::to_json(plan));
  }
  if (context.json) {
    print(Json{{"runbooks", std::move(array)}});
  } else {
    print(table);
  }
  for (const std::string& problem : library.problems())
    fmt::print(stderr, "{}\n", problem);
  return library.problems().empty() ? 0 : 2;
}

int perform(const Context& context, const Migrate& verb) {
  store::Migrator migrator(app::database_url(context.settings), context.layout.migrations);
  if (!verb.status) {
    const auto applied = migrator.up();
    for (const std::string& name : applied)
      fmt::print("applied {}\n", name);
    if (applied.empty()) fmt::print("the database is up to date\n");
    return 0;
  }
  Table table({"MIGRATION", "APPLIED"});
  for (const auto& entry : migrator.status()) {
    table.row({{entry.name}, {entry.applied_at.empty() ? "-" : entry.applied_at}});
  }
  print(table);
  return 0;
}

int perform(const Context& context, const Serve& verb) {
  set_up_log("serve", context.settings.log);
  app::serve(context.settings, context.layout, {verb.try_next_ports, verb.allow_hosts});
  return 0;
}

int perform(const Context& context, const Work&) {
  set_up_log("worker", context.settings.log);
  app::work(context.settings, context.layout);
  return 0;
}

int perform(const Context&, const Done& verb) {
  return verb.exit_code;
}

}  // namespace opsroom::cli
