#include "runbook.hpp"

#include "common/pause.hpp"

#include <algorithm>
#include <cmath>

namespace opsroom::plugins::run {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using tool::json;

constexpr milliseconds first_look{100};
constexpr milliseconds longest_look{2000};

std::optional<std::string> text_at(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

bool has_ended(const json& run) {
  const std::string status = run.value("status", "");
  return status == "succeeded" || status == "failed" || status == "canceled";
}

std::string path_of(std::int64_t run) {
  return "/api/runs/" + std::to_string(run);
}

/// "run 18 in lane B: running, step 2 of 3 (test)"
std::string in_words(const json& run) {
  std::string text = "run " + std::to_string(run.value("id", std::int64_t{0})) + " in lane " +
                     run.value("lane", "") + ": " + run.value("status", "");
  const json steps = run.value("steps", json::array());
  for (std::size_t i = 0; i < steps.size(); ++i)
    if (const std::string status = steps[i].value("status", "");
        status == "running" || status == "waiting")
      return text + ", step " + std::to_string(i + 1) + " of " + std::to_string(steps.size()) +
             " (" + steps[i].value("id", "") + ")";
  return text;
}

RunbookResult as_result(const json& run) {
  RunbookResult made;
  made.run = run.at("id").get<std::int64_t>();
  made.session = run.value("session_id", std::int64_t{0});
  made.lane = run.value("lane", "");
  made.runbook = text_at(run, "runbook").value_or("");
  made.status = run.value("status", "");
  made.error = text_at(run, "error");
  made.hint = text_at(run, "hint");
  for (const json& step : run.value("steps", json::array()))
    made.outputs[step.value("id", "")] = step.value("output", json());
  return made;
}

/// The run that this call belongs to; none for a client that has none.
class OwnRun {
 public:
  explicit OwnRun(const tool::Call& call) {
    const auto found = call.context().find("run");
    if (found != call.context().end() && found->is_number_integer() &&
        found->get<std::int64_t>() > 0)
      id_ = found->get<std::int64_t>();
  }

  bool known() const { return id_ != 0; }
  json look(ControlRoom& room) const { return room.get(path_of(id_)); }

 private:
  std::int64_t id_ = 0;
};

/// What makes two calls the same; empty: nothing does.
std::string key_of(const RunbookArgs& args, const tool::Call& call) {
  if (!args.key) return call.context().value("idempotencyKey", "");
  // A key of one's own is soon somebody else's too; that must not give them another runbook's run.
  return args.lane + " " + (args.runbook ? *args.runbook : *args.intent) + " " + *args.key;
}

json wish(const RunbookArgs& args, const OwnRun& own, ControlRoom& room, const tool::Call& call) {
  if (args.runbook.has_value() == args.intent.has_value())
    throw tool::BadArguments("", "give either \"runbook\" or \"intent\"");
  if (!args.inputs.is_object()) throw tool::BadArguments("/inputs", "must be an object");
  if (!args.session && !own.known())
    throw tool::BadArguments("/session", "is needed: this call belongs to no run of its own");
  json body{{"lane", args.lane}, {"inputs", args.inputs}};
  if (args.session) body["session_id"] = *args.session;
  if (own.known()) {
    const json here = own.look(room);
    if (!args.session) body["session_id"] = here.at("session_id");
    if (body["session_id"] == here.at("session_id") && args.lane == here.value("lane", ""))
      throw tool::BadArguments(
          "/lane", "is the lane of this run, which would wait for itself: name another one"
      );
  }
  if (args.runbook) body["runbook"] = *args.runbook;
  if (args.intent) body["intent"] = *args.intent;
  if (args.priority) body["priority"] = *args.priority;
  if (const std::string key = key_of(args, call); !key.empty())
    body["dedupe_key"] = "run.runbook " + key;
  return body;
}

/// Waits for one run; when this call is cancelled, that one is canceled too, unless only this
/// process has to go.
class Follower {
 public:
  Follower(ControlRoom& room, const OwnRun& own, std::int64_t run, const tool::Call& call)
      : room_(room), own_(own), run_(run), call_(call) {}

  /// The run when it has ended; nothing when the deadline came first, and then it is canceled.
  std::optional<json> wait(Clock::time_point deadline, double total) {
    const auto began = Clock::now();
    milliseconds look = first_look;
    try {
      while (true) {
        const std::string told = glance();
        if (ended_) return ended_;
        const auto now = Clock::now();
        if (now >= deadline) break;
        call_.progress(std::chrono::duration<double>(now - began).count(), total, told);
        pause(call_, std::min(look, std::chrono::ceil<milliseconds>(deadline - now)));
        look = std::min(look * 2, longest_look);
      }
    } catch (const tool::Cancelled&) {
      leave();
      throw;
    }
    cancel_it();
    return std::nullopt;
  }

 private:
  /// A control room that restarts is waited for.
  std::string glance() {
    try {
      const json run = room_.get(path_of(run_));
      if (has_ended(run)) ended_ = run;
      return in_words(run);
    } catch (const Refused& error) {
      if (!error.passing()) throw;
      return error.what();
    }
  }

  void leave() {
    room_.go_on_despite_cancel();
    if (is_meant()) cancel_it();
  }

  /// A worker that drains cancels its calls as well; the step is done again by another one, which
  /// then finds the run going on.
  bool is_meant() {
    if (!own_.known() || call_.remaining() == milliseconds(0)) return true;
    try {
      const json own = own_.look(room_);
      return has_ended(own) || text_at(own, "canceled_at").has_value();
    } catch (const Refused&) {
      return false;
    }
  }

  void cancel_it() {
    try {
      room_.post(path_of(run_) + "/cancel", json::object());
    } catch (const Refused& error) {
      call_.log(
          tool::Level::warning,
          "run " + std::to_string(run_) + " could not be canceled: " + error.what()
      );
    }
  }

  ControlRoom& room_;
  const OwnRun& own_;
  std::int64_t run_;
  const tool::Call& call_;
  std::optional<json> ended_;
};

tool::Outcome<RunbookResult> concluded(const json& run, bool check) {
  RunbookResult made = as_result(run);
  std::string text =
      "run " + std::to_string(made.run) + " in lane " + made.lane + " " + made.status;
  if (made.error) text += ": " + *made.error;
  if (made.hint) text += ". " + *made.hint;
  const bool failed = check && made.status != "succeeded";
  return {std::move(made), std::move(text), failed};
}

}  // namespace

tool::Outcome<RunbookResult> runbook(
    const RunbookArgs& args, const Settings& settings, tool::Call& call
) {
  ControlRoom room(settings, call);
  const OwnRun own(call);
  const json started = room.post("/run", wish(args, own, room, call));
  const auto id = started.at("id").get<std::int64_t>();
  call.log(tool::Level::info, in_words(started));
  if (!args.wait) return concluded(started, false);
  const auto deadline = Clock::now() + milliseconds(std::llround(args.timeout_seconds * 1000));
  if (const auto ended = Follower(room, own, id, call).wait(deadline, args.timeout_seconds))
    return concluded(*ended, args.check);
  throw std::runtime_error(
      "run " + std::to_string(id) + " in lane " + args.lane +
      " has not ended in time and was canceled; give it more timeout_seconds"
  );
}

}  // namespace opsroom::plugins::run
