#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "engine/outage.hpp"
#include "model/event.hpp"
#include "model/run.hpp"
#include "ports/journal.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace opsroom::engine {

struct RunLogLimits {
  Milliseconds flush_after{30};   ///< log lines wait this long for company
  std::size_t chunk_lines = 500;  ///< lines in one event row
  std::size_t chunk_bytes = 64u << 10;
  std::size_t pending_bytes = 8u << 20;  ///< beyond it the tool has to wait
  std::size_t line_bytes = 64u << 10;    ///< longer lines are cut, and say so
};

/// Numbers a run's events and gets them into the database in order: by itself for log lines, or in
/// the transaction of a state change that they tell of. Writes of unknown outcome are repeated,
/// which the numbers make harmless. While the database is away it keeps everything, up to a bound,
/// and then makes the tool wait. Io thread only.
class RunLog {
 public:
  /// `abandon` ends the retries: the host is going down for good.
  RunLog(
      asio::any_io_executor executor,
      Claim claim,
      std::int64_t last_seq,
      Journal& journal,
      Stop& abandon,
      RunLogLimits limits = {}
  );

  /// Adds an event other than log lines.
  void add(std::string kind, std::string step, Json data);

  /// Adds log lines; waits while too much is pending.
  Task<> lines(std::string step, std::string stream, std::string text);

  /// The host's own words in the run's log.
  void note(std::string step, std::string text);

  using Write = std::function<Task<>(std::vector<Event>)>;
  /// Hands all pending events to `write`, which stores them together with a state change. Retries
  /// while the database is away; LeaseLost and other failures leave.
  Task<> commit(Write write);

  /// Stores an artifact, with the same patience, and adds the event that tells of it.
  Task<Artifact> store(ArtifactDraft draft);

  /// Writes what is pending.
  Task<> flush();

  /// Flushes pending lines again and again; run it beside the work, end it with stop().
  Task<> keep_flushing();
  void stop();

 private:
  Task<> lock();
  void unlock();
  std::vector<Event> take();
  Task<> write_until_done(Write write, std::vector<Event> events);
  void add_line(const std::string& step, const std::string& stream, std::string line);

  Claim claim_;
  std::int64_t next_seq_;
  Journal& journal_;
  Stop& abandon_;
  RunLogLimits limits_;
  Outage outage_;
  std::vector<Event> pending_;
  std::size_t pending_bytes_ = 0;
  std::size_t chunk_bytes_ = 0;  ///< of the last pending log event
  bool locked_ = false;
  bool stopped_ = false;
  Signal changed_;  ///< something pending, room made, lock freed, or stopped
};

}  // namespace opsroom::engine
