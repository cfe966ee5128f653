#pragma once

#include "ports/input_desk.hpp"
#include "ports/wakeups.hpp"
#include "store/database.hpp"

#include <memory>

namespace opsroom::store {

/// Live questions in ops.input_requests. Answers are heard of through the wake-ups, and looked for
/// every second besides. A question whose asker is gone (cancelled, its process dead) is withdrawn
/// in the background. Io thread only.
class PgInputDesk final : public InputDesk {
 public:
  /// Takes the `on_input` of `wakeups`, so make it before those are started. `database` outlives
  /// it.
  PgInputDesk(asio::any_io_executor executor, Database& database, Wakeups& wakeups);
  ~PgInputDesk() override;

  Task<InputReply> ask(Claim claim, LiveQuestion question, Stop& stop) override;

 private:
  struct Bells;
  struct Asking;

  asio::any_io_executor executor_;
  Database& database_;
  std::shared_ptr<Bells> bells_;
};

}  // namespace opsroom::store
