#include "tools/surface_guard.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::tools {
namespace {

constexpr Clock::duration longest_listing = std::chrono::seconds(60);
// A server that lets nothing be kept (ttlMs 0) is not listed anew before each call all the same: it
// can say when its tools change.
constexpr Clock::duration shortest_belief = std::chrono::seconds(10);

Task<> list_into(
    std::shared_ptr<McpServer> server, Clock::duration limit, std::vector<Json>& tools
) {
  auto asking = server->client().list_tools(limit);
  tools = co_await std::move(asking);
}

}  // namespace

/// One process, and what was seen of its tools.
struct SurfaceGuard::Watched {
  explicit Watched(asio::any_io_executor executor) : listed(std::move(executor)) {}

  bool knows(const std::shared_ptr<const LockFile>& current) const {
    return offer && seen == *changes && lock == current && Clock::now() < expires;
  }

  std::shared_ptr<const std::uint64_t> changes = std::make_shared<const std::uint64_t>(0);
  std::uint64_t seen = 0;
  std::shared_ptr<const LockFile> lock;  ///< by which `offer` was accepted
  std::shared_ptr<const Offer> offer;
  Clock::time_point expires;  ///< of `offer`, as the server said with it
  bool busy = false;
  Signal listed;
};

SurfaceGuard::SurfaceGuard(
    asio::any_io_executor executor, Catalogue& catalogue, std::filesystem::path lock_file
)
    : executor_(std::move(executor)),
      catalogue_(catalogue),
      pins_(std::move(lock_file)),
      pool_(1, "opsroom-checks") {}

Task<> SurfaceGuard::admit(const SourceConfig& source, process::SpawnSpec spawn) {
  const auto lock = pins_.now();
  const Pin* pin = lock->find(source.name);
  if (pin == nullptr && !lock->strict) co_return;
  if (pin == nullptr) throw unpinned_failure(source.name, source.title());
  const SourceConfig copy = source;
  const auto take = [this, &copy, &spawn] { return printer_.print(copy, spawn); };
  auto printing = pool_.run(take);
  const CommandPrint print = co_await std::move(printing);
  const auto changes = drift_of_command(*pin, print);
  if (!changes.empty()) throw drift_failure(copy.name, copy.title(), changes);
}

std::shared_ptr<SurfaceGuard::Watched> SurfaceGuard::watched(
    const std::shared_ptr<McpServer>& server
) {
  auto& slot = watched_[server];
  if (!slot) slot = std::make_shared<Watched>(executor_);
  return slot;
}

void SurfaceGuard::watch(
    const std::shared_ptr<McpServer>& server, std::shared_ptr<const std::uint64_t> changes
) {
  std::erase_if(watched_, [](const auto& entry) { return entry.first.expired(); });
  watched(server)->changes = std::move(changes);
}

Task<std::shared_ptr<const Offer>> SurfaceGuard::offer_of(
    const SourceConfig& source,
    std::shared_ptr<McpServer> server,
    Clock::time_point until,
    Stop& stop
) {
  const std::shared_ptr<Watched> mine = watched(server);
  auto lock = pins_.now();
  if (mine->knows(lock)) co_return mine->offer;
  const auto wake = [mine](StopReason) { mine->listed.notify(); };
  const auto subscription = stop.subscribe(wake);
  while (mine->busy && !stop.requested() && Clock::now() < until)
    co_await mine->listed.wait_for(until - Clock::now());
  lock = pins_.now();
  if (mine->knows(lock)) co_return mine->offer;
  // A plugin's tools are as fixed as its file, so any listing of it will do.
  const bool fixed =
      source.kind == SourceConfig::Kind::plugin && lock->find(source.name) == nullptr;
  if (fixed && !lock->strict && catalogue_.listed(source.name)) {
    co_return catalogue_.offer(source.name);
  }
  mine->busy = true;
  mine->seen = *mine->changes;
  std::vector<Json> tools;
  std::exception_ptr failure;
  try {
    auto listing = list(source.title(), server, until, stop);
    tools = co_await std::move(listing);
  } catch (...) {
    failure = std::current_exception();
  }
  mine->busy = false;
  mine->listed.notify();
  if (failure) std::rethrow_exception(failure);
  mine->offer = accept(source, *lock, tools);
  const auto ttl = server->client().tools_ttl();
  mine->expires = ttl ? Clock::now() + std::max(*ttl, shortest_belief) : Clock::time_point::max();
  mine->lock = lock;
  co_return mine->offer;
}

std::shared_ptr<const Offer> SurfaceGuard::offer_of(
    const std::shared_ptr<const SourceConfig>& source,
    const std::shared_ptr<const std::vector<Json>>& listed
) {
  const auto lock = pins_.now();
  Fixed& seen = fixed_[source->name];
  const bool known = seen.source == source && seen.listed == listed && seen.lock == lock;
  if (known) return seen.offer;
  seen = Fixed{};
  auto offer = accept(*source, *lock, *listed);
  seen = Fixed{source, listed, lock, offer};
  return offer;
}

Task<std::vector<Json>> SurfaceGuard::list(
    std::string title, std::shared_ptr<McpServer> server, Clock::time_point until, Stop& stop
) {
  const auto limit = std::min<Clock::duration>(longest_listing, until - Clock::now());
  std::vector<Json> tools;
  auto listing = list_into(std::move(server), limit, tools);
  auto racing = before(stop.wait(), std::move(listing));
  const bool listed = co_await std::move(racing);
  if (!listed) {
    throw Failure(
        Code::canceled,
        fmt::format("{} was being listed: {}", title, stop_reason_name(stop.reason()))
    );
  }
  co_return tools;
}

std::shared_ptr<const Offer> SurfaceGuard::accept(
    const SourceConfig& source, const LockFile& lock, const std::vector<Json>& listed
) {
  const Pin* pin = lock.find(source.name);
  if (pin == nullptr && lock.strict) throw unpinned_failure(source.name, source.title());
  if (pin == nullptr) return catalogue_.store(source, listed);
  const auto changes = compare(pin->surface, Surface(listed, Redactor(source.secrets)));
  if (!changes.empty()) {
    catalogue_.drop(source.name);
    throw drift_failure(source.name, source.title(), changes);
  }
  return catalogue_.store(source, listed, pin->surface_digest);
}

}  // namespace opsroom::tools
