#include "cli/call_listener.hpp"

#include "base/failure.hpp"
#include "cli/answer_dialog.hpp"
#include "cli/question_text.hpp"
#include "cli/terminal.hpp"
#include "cli/tools_text.hpp"

#include <fmt/format.h>

#include <iostream>

namespace opsroom::cli {
namespace {

constexpr Clock::duration between_progresses = std::chrono::milliseconds(200);

}  // namespace

TerminalListener::TerminalListener(std::string tool, asio::any_io_executor executor, Stop& stop)
    : tool_(std::move(tool)), executor_(std::move(executor)), stop_(stop) {}

Task<> TerminalListener::log(std::string stream, std::string text) {
  const bool colour = colour_wanted(stderr);
  const std::string name = inked(safe_for_terminal(stream), Ink::dim, colour);
  fmt::print(stderr, "{}: {}\n", name, safe_lines(text));
  co_return;
}

void TerminalListener::progress(double done, std::optional<double> total, std::string message) {
  const auto now = Clock::now();
  const bool last = total && done >= *total;
  if (!last && now - last_progress_ < between_progresses) return;
  last_progress_ = now;
  const std::string of = total ? fmt::format("/{}", *total) : std::string();
  fmt::print(stderr, "[{}{}] {}\n", done, of, short_line(message, 200));
}

Task<InputReply> TerminalListener::ask(InputAsk ask, Milliseconds limit) {
  InputRequest request;
  request.id = InputId{++questions_};
  request.step = "call";
  request.tool = tool_;
  request.ask = std::move(ask);
  fmt::print(stderr, "{}\n", question_text(request, colour_wanted(stderr)));
  if (!TerminalInput::is_there()) {
    fmt::print(stderr, "There is no terminal to ask at: it is answered with cancel.\n");
    co_return InputReply{};
  }
  input_.reset();
  const auto wake = [this](StopReason) { input_.interrupt(); };
  const auto subscription = stop_.subscribe(wake);
  asio::steady_timer deadline(executor_);
  if (limit > Milliseconds(0)) {
    deadline.expires_after(limit);
    deadline.async_wait([this](boost::system::error_code error) {
      if (!error) input_.interrupt();
    });
  }
  const auto dialog = [this, &request] { return hold_dialog(request); };
  auto asking = dialogs_.run(dialog);
  InputReply reply = co_await std::move(asking);
  deadline.cancel();
  co_return reply;
}

InputReply TerminalListener::hold_dialog(const InputRequest& request) {
  std::istream in(&input_);
  try {
    const auto reply = ask_person(request, in, std::cerr);
    if (reply) return *reply;
  } catch (const Failure& failure) {
    fmt::print(stderr, "{}\n", safe_lines(failure.message()));
  }
  fmt::print(stderr, "It is answered with cancel.\n");
  return InputReply{};
}

}  // namespace opsroom::cli
