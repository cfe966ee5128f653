#pragma once

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "ports/credentials.hpp"
#include "ports/ledger.hpp"
#include "ports/run_queue.hpp"
#include "runbook/library.hpp"
#include "web/auth.hpp"
#include "web/event_hub.hpp"
#include "web/event_stream.hpp"
#include "web/router.hpp"

#include <functional>
#include <memory>

namespace opsroom::web {

/// What the handlers work with. The references are lent by the composition root and outlive the
/// server; the rest is the site's own.
struct Services {
  asio::any_io_executor executor;
  Ledger& ledger;
  RunQueue& queue;
  Credentials& credentials;
  const runbook::Library& library;
  std::function<Task<bool>()> database_ok;
  const Guard& guard;
  BlockingPool& pool;  ///< for what reads the disk or chews on big texts
  std::shared_ptr<EventHub> hub;
  StreamTiming stream_timing;
};

/// One function a subject; each adds its routes. `services` outlives the router.
void add_health_routes(Router& router, const Services& services);
void add_login_routes(Router& router, const Services& services);
void add_session_routes(Router& router, const Services& services);
void add_run_routes(Router& router, const Services& services);
void add_input_routes(Router& router, const Services& services);
void add_enqueue_route(Router& router, const Services& services);
void add_artifact_routes(Router& router, const Services& services);
void add_stream_route(Router& router, const Services& services);
void add_worker_routes(Router& router, const Services& services);

}  // namespace opsroom::web
