#pragma once

#include "base/async.hpp"
#include "ports/toolbox.hpp"

#include <functional>
#include <optional>
#include <string>

namespace opsroom::tools {

/// Answers a server's sampling/createMessage by a tool: takes the request's params, returns what
/// the tool said. `stop` outlives the call.
using Sampling = std::function<Task<ToolResult>(Json params, Stop& stop)>;

/// Stands between a server's two streams and the listener of one call: hands on one text at a time,
/// and nothing at all after the call is over, however late it comes. Io thread only.
class CallSink {
 public:
  CallSink(asio::any_io_executor executor, CallListener& listener)
      : listener_(&listener), free_(std::move(executor)) {}

  /// Waits for its turn and for the listener: the back-pressure. `text` becomes printable UTF-8.
  Task<> log(std::string stream, std::string text);
  void progress(double done, std::optional<double> total, std::string message);

  /// Lets go of the listener; returns when it is not being called any more.
  Task<> close();

 private:
  CallListener* listener_;
  bool busy_ = false;
  Signal free_;
};

}  // namespace opsroom::tools
