#include "cli/follow.hpp"

#include "base/text.hpp"
#include "cli/terminal.hpp"
#include "engine/outage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace opsroom::cli {
namespace {

/// Ended, or at an interrupted step about which nobody but a person can decide. A run that waits
/// for an answer to a tool goes on by itself once it is given, so it is followed further.
Task<bool> has_stopped(Books books, Run run) {
  if (is_terminal(run.status)) co_return true;
  if (run.status != RunStatus::waiting) co_return false;
  const auto steps = co_await books.ledger.steps(run.id);
  const auto unfinished = [](const Step& step) { return step.status == StepStatus::interrupted; };
  co_return std::any_of(steps.begin(), steps.end(), unfinished);
}

std::string text_of(const Json& data, const char* key) {
  const auto found = data.find(key);
  return found != data.end() && found->is_string() ? found->get<std::string>() : std::string();
}

/// A reason may have many lines (a program's last words): the later ones are indented.
std::string indented(const std::string& text) {
  std::string out;
  for (const std::string& line : split_lines(text)) {
    if (!out.empty()) out += "\n    ";
    out += safe_for_terminal(line);
  }
  return out;
}

std::string with_reason(const Event& event, std::string text) {
  const std::string error = text_of(event.data, "error");
  const std::string hint = text_of(event.data, "hint");
  const std::string question = text_of(event.data, "question");
  if (!error.empty()) text += ": " + error;
  if (!question.empty()) text += ": " + question;
  if (!hint.empty()) text += " (" + hint + ")";
  return indented(text);
}

std::string log_text(const Event& event, bool colour) {
  std::string out;
  const bool dim = text_of(event.data, "stream") == "stderr";
  for (const std::string& line : event.lines) {
    if (!out.empty()) out += '\n';
    out += inked(safe_for_terminal(line), dim ? Ink::dim : Ink::plain, colour);
  }
  return out;
}

/// What a question's events say; empty for other kinds.
std::string question_event_text(const Event& event) {
  if (event.kind == "input.requested") {
    const std::string message = text_of(event.data, "message");
    return indented(fmt::format(
        "? waits for an answer: {} (`opsroom answer {}`)",
        message.empty() ? text_of(event.data, "tool") + " asks for input" : message,
        event.run
    ));
  }
  if (event.kind == "input.answered") {
    const std::string by = text_of(event.data, "by");
    return indented(fmt::format(
        "? answered{}: {}", by.empty() ? "" : " by " + by, text_of(event.data, "action")
    ));
  }
  if (event.kind == "input.closed")
    return indented("? not asked any more: " + text_of(event.data, "status"));
  return {};
}

struct News {
  Run run;
  std::vector<Event> events;
  bool stopped = false;
};

/// The run first: its end was recorded together with its last event, so events read afterwards are
/// all.
Task<News> read_on(Books books, RunId id, std::int64_t after) {
  News news;
  news.run = co_await books.ledger.run(id);
  news.stopped = co_await has_stopped(books, news.run);
  news.events = co_await books.ledger.events(id, after, 500);
  co_return news;
}

}  // namespace

Task<Run> follow_run(
    Books books,
    RunId id,
    std::int64_t after,
    bool until_end,
    std::function<void(const Event&)> on_event,
    Stop* stop
) {
  const std::shared_ptr<Signal> news = books.news.subscribe(id);
  Stop::Subscription stopping;
  if (stop != nullptr) stopping = stop->subscribe([news](StopReason) { news->notify(); });
  const auto stopped = [stop] { return stop != nullptr && stop->requested(); };
  engine::Outage outage("the database");
  while (true) {
    std::optional<Failure> away;
    std::optional<News> read;
    try {
      read = co_await read_on(books, id, after);
    } catch (const Failure& failure) {
      if (!failure.retryable() || stopped()) throw;
      away = failure;
    }
    if (away) {
      co_await outage.wait_after(*away);
      continue;
    }
    outage.over();
    for (Event& event : read->events) {
      const Event rest = tail_after(std::move(event), after);
      after = rest.last_seq();
      on_event(rest);
    }
    if (stopped()) co_return std::move(read->run);
    if (!read->events.empty()) continue;
    if (!until_end || read->stopped) co_return std::move(read->run);
    co_await news->wait_for(std::chrono::seconds(1));
  }
}

std::string event_text(const Event& event, bool colour) {
  if (event.kind == "log") return log_text(event, colour);
  if (event.kind == "note") return inked(text_of(event.data, "text"), Ink::yellow, colour);
  if (event.kind == "step.started") {
    return inked(
        fmt::format("▶ {} ({})", event.step, text_of(event.data, "tool")), Ink::bold, colour
    );
  }
  const std::string status = text_of(event.data, "status");
  if (event.kind == "step.finished") {
    const auto text = with_reason(event, fmt::format("■ {} {}", event.step, status));
    return inked(text, ink_of_status(status), colour);
  }
  if (event.kind == "run.finished" || event.kind == "run.waiting") {
    return inked(with_reason(event, "● " + status), ink_of_status(status), colour);
  }
  if (event.kind == "run.requeued")
    return inked(with_reason(event, "back in the queue"), Ink::yellow, colour);
  if (event.kind.starts_with("input."))
    return inked(question_event_text(event), Ink::yellow, colour);
  if (event.kind == "run.resumed") return "goes on";
  if (event.kind == "run.started") return "claimed by " + text_of(event.data, "worker");
  if (event.kind == "artifact" && text_of(event.data, "kind") == "diff") {
    const Json meta = event.data.value("meta", Json::object());
    const Json files = meta.is_object() ? meta.value("files", Json::array()) : Json::array();
    return inked(fmt::format("± {} files changed", files.size()), Ink::dim, colour);
  }
  return {};
}

int exit_code_of(RunStatus status) {
  switch (status) {
    case RunStatus::succeeded:
      return 0;
    case RunStatus::waiting:
      return 3;
    case RunStatus::canceled:
      return 4;
    default:
      return 1;
  }
}

}  // namespace opsroom::cli
