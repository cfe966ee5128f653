#include "app/control_room.hpp"
#include "app/shutdown.hpp"
#include "base/failure.hpp"
#include "base/log.hpp"
#include "base/stop.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "process/host_process.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace opsroom::cli {
namespace {

void say(const std::string& text) {
  fmt::print("{}\n", text);
  std::fflush(stdout);
}

void pass_on(const std::string& line) {
  fmt::print(stderr, "{}\n", line);
}

Task<> stay_up(asio::any_io_executor executor, Context context) {
  app::ControlRoomOptions options;
  options.say = say;
  options.on_line = pass_on;
  app::ControlRoom room(executor, context.settings, context.layout, options);
  Stop asked(executor);
  TaskGroup parts(executor);
  app::ShutdownSignals signals(executor, [&asked, &room](int times) {
    asked.request(StopReason::draining);
    if (times > 1) room.hurry();
  });
  const auto reread = [&room] { room.reread(); };
  const auto end = [&asked] { asked.request(StopReason::draining); };
  app::HangupSignal hangup(executor, reread, end);

  std::exception_ptr failed;
  try {
    auto starting = room.start();
    auto stopping = asked.wait();
    if (co_await before(std::move(stopping), std::move(starting))) {
      say(fmt::format("workspaces: {}", context.settings.workspaces.string()));
      const std::string link = co_await room.new_login_link();
      say(fmt::format("\nOpen:  {}   (works once, two minutes)", link));
      say("Later: opsroom login        Stop: Ctrl-C\n");
      parts.start(room.supervise(), [&failed, &asked](std::exception_ptr error) {
        spdlog::error("nobody watches over the parts any more: everything is stopped");
        failed = error;
        asked.request(StopReason::draining);
      });
      co_await asked.wait();
      say("stopping: runs under way finish their step and go back to the queue (Ctrl-C: at once)");
    }
  } catch (...) {
    failed = std::current_exception();
  }
  co_await room.stop();
  co_await parts.wait_until_at_most(0);
  hangup.cancel();
  signals.cancel();
  if (failed) std::rethrow_exception(failed);
  say("stopped");
}

}  // namespace

int perform(const Context& context, const Up&) {
  set_up_log("up", context.settings.log);
  process::ignore_sigpipe();
  asio::io_context io(1);
  std::exception_ptr failed;
  asio::co_spawn(io, stay_up(io.get_executor(), context), [&](std::exception_ptr error) {
    failed = error;
    io.stop();
  });
  io.run();
  if (failed) std::rethrow_exception(failed);
  return 0;
}

}  // namespace opsroom::cli
