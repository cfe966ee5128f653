#pragma once

#include "base/blocking.hpp"
#include "base/stop.hpp"
#include "cli/terminal_input.hpp"
#include "ports/toolbox.hpp"

#include <string>

namespace opsroom::cli {

/// Shows on stderr what a tool says while it works, and asks the person at the terminal what it
/// asks. Where no terminal is, every question is answered `cancel`, and that is said. Io thread
/// only.
class TerminalListener : public CallListener {
 public:
  /// `tool` is the one called. A question ends when `stop` is requested; it outlives the listener.
  TerminalListener(std::string tool, asio::any_io_executor executor, Stop& stop);

  Task<> log(std::string stream, std::string text) override;
  void progress(double done, std::optional<double> total, std::string message) override;
  Task<InputReply> ask(InputAsk ask, Milliseconds limit) override;

 private:
  InputReply hold_dialog(const InputRequest& request);

  std::string tool_;
  asio::any_io_executor executor_;
  Stop& stop_;
  TerminalInput input_;
  Clock::time_point last_progress_;
  std::int64_t questions_ = 0;
  BlockingPool dialogs_{1, "opsroom-ask"};  ///< one at a time
};

}  // namespace opsroom::cli
