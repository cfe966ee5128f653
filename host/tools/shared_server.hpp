#pragma once

#include "base/failure.hpp"
#include "tools/mcp_server.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::tools {

/// A server that several calls use one after another or at once: started when first needed, started
/// anew when it has died, more slowly each time it dies young. Io thread only.
class SharedServer {
 public:
  using Start = std::function<Task<std::shared_ptr<McpServer>>(Stop& abort)>;

  SharedServer(asio::any_io_executor executor, std::string title, Start start);
  /// Kills without waiting; `close()` is the way that waits.
  ~SharedServer();

  /// The running server. Throws the start's Failure, or Failure{canceled} when `stop` came first;
  /// the start itself goes on for others, unless `close()` or `give_up()` ends it.
  Task<std::shared_ptr<McpServer>> get(Stop& stop, Clock::time_point latest);

  /// Ends a start that is under way and waits for its end; its waiters get its Failure.
  Task<> give_up();

  /// Ends the server and everything it started; `get` fails from now on.
  Task<> close(Clock::duration grace);

 private:
  struct State;
  static Task<> start(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

}  // namespace opsroom::tools
