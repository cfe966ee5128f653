#pragma once

#include "base/failure.hpp"
#include "tools/breaker.hpp"
#include "tools/mcp_server.hpp"
#include "tools/waiting_line.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace opsroom::tools {

/// A server that several calls use one after another or at once: started when first needed, started
/// anew when it has died, left alone for a while when it keeps dying, stopped when nobody needs it.
/// Io thread only.
class SharedServer {
  struct State;
  struct Instance;

  /// Counts one who has a call or wants one.
  class Visit {
   public:
    explicit Visit(std::shared_ptr<State> state);
    Visit(Visit&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    Visit& operator=(Visit&&) = delete;
    ~Visit();
    const std::shared_ptr<State>& state() const { return state_; }

   private:
    std::shared_ptr<State> state_;
  };

 public:
  using Start = std::function<Task<std::shared_ptr<McpServer>>(Stop& abort)>;

  struct Options {
    std::string title;
    /// Calls at once; unset: 1 when the server is legacy, 64 when it is modern.
    std::optional<std::size_t> concurrency;
    Clock::duration idle{};          ///< stopped after so long without a call; zero: never
    Clock::duration max_lifetime{};  ///< replaced when older, its calls finishing; zero: never
    Breaker::Limits breaker;
  };

  /// One call's share in the server: as long as it exists, the server is not stopped for want of
  /// work, and the call counts among those at once.
  class Lease {
   public:
    Lease(Visit visit, std::shared_ptr<Instance> instance, WaitingLine::Pass pass);
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease();

    const std::shared_ptr<McpServer>& server() const;
    /// The server did not answer the call in time: it is asked for a sign of life, beside
    /// everything else, and killed when it gives none. Calls that come meanwhile wait for that.
    void suspect();

   private:
    Visit visit_;
    std::shared_ptr<Instance> instance_;
    WaitingLine::Pass pass_;
  };

  SharedServer(asio::any_io_executor executor, Options options, Start start);
  /// Kills without waiting; `close()` is the way that waits.
  ~SharedServer();

  /// Waits for its turn and for the running server. Throws the start's Failure,
  /// Failure{unavailable} at once while the server is left alone, Failure{timeout} at `latest`,
  /// Failure{canceled} when `stop` came first; the start itself goes on for others, unless
  /// `close()` or `give_up()` ends it.
  Task<Lease> acquire(Stop& stop, Clock::time_point latest);

  /// The same without a turn: for what is no call (a listing).
  Task<Lease> borrow(Stop& stop, Clock::time_point latest);

  /// Lets the running server finish its calls and end; the next call gets a new one.
  void replace();

  /// Calls that are under way or wait.
  std::size_t calls() const;
  /// Returns when there are none.
  Task<> quiet();

  /// Ends a start that is under way and waits for its end; its waiters get its Failure.
  Task<> give_up();

  /// Ends the server and everything it started; `acquire` and `borrow` fail from now on.
  Task<> close(Clock::duration grace);

 private:
  static Task<std::shared_ptr<Instance>> running(
      std::shared_ptr<State> state, Stop& stop, Clock::time_point latest
  );
  static Task<> start(std::shared_ptr<State> state);
  static Task<> tend(std::shared_ptr<State> state, std::shared_ptr<Instance> instance);
  static Task<> examine(std::shared_ptr<State> state, std::shared_ptr<Instance> instance);
  static Task<> end(std::shared_ptr<State> state, std::shared_ptr<Instance> instance);

  std::shared_ptr<State> state_;
};

/// Ends a server that nobody is to call any more, as soon as its calls are over.
Task<> drain(std::shared_ptr<SharedServer> server);

}  // namespace opsroom::tools
