#pragma once

#include "base/async.hpp"

#include <boost/asio/signal_set.hpp>

#include <functional>

namespace opsroom::app {

/// Calls `on_signal` for every SIGINT and SIGTERM until destroyed; the first one asks for an
/// orderly end, the next ones for a quick one. Io thread only.
class ShutdownSignals {
 public:
  ShutdownSignals(asio::any_io_executor executor, std::function<void(int times)> on_signal);
  void cancel();

 private:
  void wait();

  asio::signal_set signals_;
  std::function<void(int)> on_signal_;
  int times_ = 0;
};

/// Tells the two meanings of SIGHUP apart: somebody asks to read the configuration again, or the
/// terminal is gone. A process that was started to ignore it (nohup) goes on ignoring it. Io thread
/// only.
class HangupSignal {
 public:
  HangupSignal(
      asio::any_io_executor executor,
      std::function<void()> on_reread,
      std::function<void()> on_terminal_gone
  );
  void cancel();

 private:
  void wait();

  asio::signal_set signals_;
  std::function<void()> on_reread_;
  std::function<void()> on_terminal_gone_;
  bool had_terminal_;
};

}  // namespace opsroom::app
