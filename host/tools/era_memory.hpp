#pragma once

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "ports/server_memory.hpp"
#include "tools/command_print.hpp"
#include "tools/mcp_codec.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::tools {

/// Which era each program turned out to speak, so that only its first start has to find out: by
/// command line and the bytes of program and scripts, in this process and, where there is one, in
/// the database. A wrong or missing memory costs a probe, never a failure, and a slow one no time.
/// Io thread only.
class EraMemory {
  struct State;

 public:
  /// What is known of one program; used for one start of it.
  class Lookup {
   public:
    Lookup(std::shared_ptr<State> state, std::string title);

    /// Waits at most `patience` for what is still being looked up.
    Task<std::optional<Era>> known(Clock::duration patience);
    /// It speaks `era`. Returns at once.
    void found(Era era);
    /// It does not speak what was known. Returns at once.
    void was_wrong();

   private:
    friend class EraMemory;
    struct Finding;
    static Task<> look(
        std::shared_ptr<State> state,
        std::shared_ptr<Finding> finding,
        SourceConfig source,
        process::SpawnSpec spawn
    );
    static Task<> keep(std::shared_ptr<State> state, std::shared_ptr<Finding> finding, Era era);
    static Task<> drop(std::shared_ptr<State> state, std::shared_ptr<Finding> finding);

    std::shared_ptr<State> state_;
    std::shared_ptr<Finding> finding_;
  };

  /// `durable` may be null; it outlives the memory, or `close()` is awaited before it goes.
  explicit EraMemory(asio::any_io_executor executor, ServerMemory* durable = nullptr);

  /// Begins to look up what `spawn` would start, beside everything else.
  std::shared_ptr<Lookup> look_up(const SourceConfig& source, const process::SpawnSpec& spawn);

  /// Returns when nothing is being looked up or remembered any more.
  Task<> settle();

  /// Waits at most `patience` for that; nothing is asked of the database
  /// afterwards.
  Task<> close(Clock::duration patience);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace opsroom::tools
