#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "model/tool.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace opsroom {

/// Hears from a tool while it works. Implemented by the engine, called on the io thread. Awaiting
/// is the back-pressure: while `log` has not returned, the tool's pipe is not read.
class CallListener {
 public:
  virtual ~CallListener() = default;
  /// `text` holds one or more lines without the last line break. `stream`: "stdout", "stderr", or
  /// the tool's logger name.
  virtual Task<> log(std::string stream, std::string text) = 0;
  virtual void progress(double done, std::optional<double> total, std::string message) = 0;
  /// Asks a person while the tool's process waits, at most `limit`; a reply that did not come in
  /// time, or not at all, is InputAction::cancel. Several may be asked at once.
  virtual Task<InputReply> ask(InputAsk ask, Milliseconds limit) {
    static_cast<void>(ask);
    static_cast<void>(limit);
    co_return InputReply{};
  }
  /// The same, given up with InputAction::cancel as soon as `withdrawn` is requested: the server
  /// has taken its question back, or the call is over. This is what tools call. Unless overridden,
  /// `ask` is ended by Asio cancellation then. `withdrawn` outlives it.
  virtual Task<InputReply> ask_until(InputAsk question, Milliseconds limit, Stop& withdrawn) {
    InputReply reply;
    auto asking = keep(ask(std::move(question), limit), reply);
    co_await before(withdrawn.wait(), std::move(asking));
    co_return reply;
  }

 private:
  static Task<> keep(Task<InputReply> asking, InputReply& reply) {
    reply = co_await std::move(asking);
  }
};

/// The tools of one run in one lane: the processes behind it live no longer than it.
class RunTools {
 public:
  virtual ~RunTools() = default;

  /// Calls a tool; returns when it has answered, failed, or been stopped and is gone. Never throws
  /// for a tool's sake: a tool that crashes, hangs or cannot start is a ToolResult. `listener` and
  /// `stop` outlive the call. When processes were ended because `trust_until` has passed, `stop` is
  /// requested with lease_lost.
  virtual Task<ToolResult> call(ToolCall call, CallListener& listener, Stop& stop) = 0;

  /// The run's processes may work until then without hearing from the host again, and are killed at
  /// that time even if this process is frozen. Remembered for those started later; the last call
  /// counts, and without one there is no limit. Servers shared by all runs are not affected.
  virtual void trust_until(Clock::time_point until) = 0;

  /// Ends every process of this run, down to the last grandchild. Call before destroying.
  virtual Task<> close() = 0;
};

class Toolbox {
 public:
  virtual ~Toolbox() = default;

  /// Opens the tools for a run whose lane is `directory`. Starts nothing yet.
  virtual std::unique_ptr<RunTools> open(std::filesystem::path directory) = 0;

  /// Describes a tool, starting its server once if it was never listed. A Failure names the tool or
  /// source that does not exist (and the nearest that does), or why the source cannot be listed.
  virtual Task<ToolDescriptor> describe(std::string tool) = 0;

  /// Names of the configured sources, for messages.
  virtual std::vector<std::string> sources() const = 0;
};

}  // namespace opsroom
