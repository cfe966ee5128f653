#include "app/control_room.hpp"
#include "app/shutdown.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "base/stop.hpp"
#include "base/text.hpp"
#include "cli/demo_report.hpp"
#include "cli/demo_scene.hpp"
#include "cli/follow.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "process/host_process.hpp"
#include "runbook/library.hpp"
#include "store/database.hpp"
#include "store/pg_credentials.hpp"
#include "store/pg_ledger.hpp"
#include "store/pg_wakeups.hpp"

#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <unistd.h>
#include <utility>

namespace opsroom::cli {
namespace {

namespace fs = std::filesystem;

constexpr int lines_before_cancel = 10;

void say(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

Failure interrupted() {
  return Failure(Code::canceled, "the demo was interrupted");
}

/// The demo while it plays; shared by the coroutines of its lanes.
struct Play {
  Books books;
  DemoScene scene;
  Session session;
  std::vector<DemoLane> lanes;
  bool colour = false;
};

void print_event(Play& play, DemoLane& lane, const Event& event) {
  lane.lines += static_cast<int>(event.lines.size());
  const std::string prefix = inked(lane.lane + " │", ink_of_lane(lane.lane), play.colour);
  for (const std::string& line : split_lines(event_text(event, play.colour))) {
    fmt::print("{} {}\n", prefix, line);
  }
  std::fflush(stdout);
}

Task<> cancel_patiently(Books books, RunId run) {
  co_await books.ledger.cancel(run, "demo");
}

/// Shows one lane's run until it ends or `stop` is requested. Lane D is cancelled by the demo when
/// it is well under way.
Task<> watch_lane(asio::any_io_executor executor, Play& play, DemoLane& lane, Stop& stop) {
  TaskGroup canceling(executor);
  std::exception_ptr failed;
  bool asked = false;
  const auto show = [&](const Event& event) {
    print_event(play, lane, event);
    if (lane.lane != "D" || lane.lines < lines_before_cancel || asked) return;
    asked = true;
    say(inked("D │ (the demo cancels this one)", Ink::yellow, play.colour));
    canceling.start(cancel_patiently(play.books, lane.run), [&](std::exception_ptr error) {
      failed = error;
    });
  };
  try {
    auto following = follow_run(play.books, lane.run, 0, true, show, &stop);
    co_await std::move(following);
  } catch (...) {
    failed = std::current_exception();
  }
  co_await canceling.wait_until_at_most(0);
  if (failed) std::rethrow_exception(failed);
}

Task<> start_lanes(Play& play) {
  const runbook::Library library({play.scene.runbooks});
  for (DemoLane& lane : play.lanes) {
    const runbook::Plan plan = library.find(lane.runbook);
    NewRun fresh;
    fresh.session = play.session.id;
    fresh.lane = lane.lane;
    fresh.intent = plan.description;
    fresh.runbook = plan.name;
    fresh.plan = runbook::to_json(plan);
    const Run run = co_await play.books.ledger.enqueue(std::move(fresh));
    lane.run = run.id;
  }
}

Task<std::vector<std::string>> play_through(
    asio::any_io_executor executor, Books books, DemoScene scene, Stop& asked
) {
  Play play{books, scene, {}, {}, colour_wanted(stdout)};
  play.lanes = {
      {"A", "run-tests", RunStatus::failed, {}},
      {"B", "edit-readme", RunStatus::succeeded, {}},
      {"C", "fix-and-commit", RunStatus::succeeded, {}},
      {"D", "soak", RunStatus::canceled, {}},
  };
  NewSession fresh{"demo", "Fix wordcount", scene.repository.string(), "main"};
  play.session = co_await books.ledger.create_session(std::move(fresh));
  co_await start_lanes(play);
  // The watchers borrow from this frame: whatever happens, they are told to end and waited for.
  Stop ending(executor);
  const auto passing_on = asked.subscribe([&ending](StopReason why) { ending.request(why); });
  TaskGroup watching(executor);
  std::exception_ptr failed;
  for (DemoLane& lane : play.lanes) {
    watching.start(watch_lane(executor, play, lane, ending), [&](std::exception_ptr error) {
      failed = error;
      ending.request(StopReason::canceled);
    });
  }
  auto all = watching.wait_until_at_most(0);
  const bool in_time = co_await within(std::chrono::minutes(3), std::move(all));
  ending.request(StopReason::timed_out);
  co_await watching.wait_until_at_most(0);
  if (asked.requested()) throw interrupted();
  if (failed) std::rethrow_exception(failed);
  if (!in_time) {
    throw Failure(
        Code::timeout, "the lanes did not end within 3 minutes", "The log is " + scene.log.string()
    );
  }
  co_return co_await report(books, scene, play.session, play.lanes);
}

Task<> with_open_books(
    asio::any_io_executor executor,
    std::string url,
    DemoScene scene,
    Stop& asked,
    std::vector<std::string>& problems
) {
  store::DatabaseOptions options;
  options.url = std::move(url);
  options.connections = 4;
  options.application_name = "opsroom demo";
  store::Database database(options);
  store::PgLedger ledger(database);
  store::PgCredentials credentials(database);
  store::PgWakeups wakeups(executor, options);
  NewsDesk news(executor, wakeups);
  wakeups.start();
  Books books{executor, ledger, credentials, news};
  std::exception_ptr failed;
  try {
    problems = co_await play_through(executor, books, std::move(scene), asked);
  } catch (...) {
    failed = std::current_exception();
  }
  co_await wakeups.stop();
  if (failed) std::rethrow_exception(failed);
}

app::Settings demo_settings(app::Settings settings, const DemoScene& scene) {
  settings.home = scene.home;
  settings.database_url.clear();
  settings.workspaces = scene.workspaces;
  settings.tools = scene.tools;
  settings.runbooks = {scene.runbooks};
  settings.concurrency = 4;
  settings.worker_id = "demo-worker";
  return settings;
}

Task<> start_room(app::ControlRoom& room, Stop& asked) {
  auto starting = room.start();
  auto stopping = asked.wait();
  if (!co_await before(std::move(stopping), std::move(starting))) throw interrupted();
}

void clear_away(const DemoScene& scene) {
  const app::ClusterPlace place = app::cluster_place(scene.home);
  std::error_code ignored;
  fs::remove_all(place.data.parent_path(), ignored);
  fs::remove_all(place.sockets, ignored);
  fs::remove_all(scene.root, ignored);
}

int verdict(const std::vector<std::string>& problems) {
  const bool colour = colour_wanted(stdout);
  for (const std::string& problem : problems)
    say(inked("✕ " + problem, Ink::red, colour));
  if (!problems.empty()) return 1;
  say(inked(
      "\n✓ A failed as expected, B and C succeeded, D was canceled, and no lane saw another's "
      "files.",
      Ink::green,
      colour
  ));
  return 0;
}

Task<> demo(asio::any_io_executor executor, Context context, Demo verb, int& exit_code) {
  process::Spawner spawner(context.layout.spawn);
  const DemoScene scene = co_await build_scene(spawner);
  say(fmt::format(
      "repository: {} (a Python project with a failing test)", scene.repository.string()
  ));
  auto log = std::make_shared<std::ofstream>(scene.log);
  app::ControlRoomOptions options;
  options.say = say;
  options.on_line = [log](const std::string& line) { *log << line << std::endl; };
  app::ControlRoom room(
      executor, demo_settings(context.settings, scene), context.layout, std::move(options)
  );
  Stop asked(executor);
  app::ShutdownSignals signals(executor, [&asked, &room](int times) {
    asked.request(StopReason::canceled);
    // What runs here is a play: nobody misses what a second Ctrl-C cuts short.
    if (times > 1) room.hurry();
  });
  std::exception_ptr failed;
  std::vector<std::string> problems;
  try {
    co_await start_room(room, asked);
    const std::string link = co_await room.new_login_link();
    say(fmt::format("page: {}\n", link));
    auto playing = with_open_books(executor, room.database(), scene, asked, problems);
    co_await std::move(playing);
  } catch (...) {
    failed = std::current_exception();
  }
  co_await room.stop();
  signals.cancel();
  const bool kept = verb.keep || (failed && !asked.requested()) || !problems.empty();
  if (!kept) clear_away(scene);
  if (kept) say(fmt::format("\nkept for a look: {}", scene.root.string()));
  if (failed) std::rethrow_exception(failed);
  exit_code = verdict(problems);
}

}  // namespace

int perform(const Context& context, const Demo& verb) {
  set_up_log("demo", context.settings.log);
  process::ignore_sigpipe();
  asio::io_context io(1);
  std::exception_ptr failed;
  int exit_code = 1;
  asio::co_spawn(
      io,
      demo(io.get_executor(), context, verb, exit_code),
      [&](std::exception_ptr error) {
        failed = error;
        io.stop();
      }
  );
  io.run();
  if (failed) std::rethrow_exception(failed);
  return exit_code;
}

}  // namespace opsroom::cli
