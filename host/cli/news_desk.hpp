#pragma once

#include "base/async.hpp"
#include "ports/wakeups.hpp"

#include <map>
#include <memory>

namespace opsroom::cli {

/// Hands the news of runs out to everybody who follows one: the source knows a single listener.
/// Must live until the source is stopped. Io thread only.
class NewsDesk {
 public:
  /// Takes the source's on_events; before the source is started.
  NewsDesk(asio::any_io_executor executor, Wakeups& wakeups);

  /// Notified when `run` has new events, for as long as the caller keeps it.
  std::shared_ptr<Signal> subscribe(RunId run);

 private:
  void tell(RunId run);

  asio::any_io_executor executor_;
  std::multimap<RunId, std::weak_ptr<Signal>> followers_;
};

}  // namespace opsroom::cli
