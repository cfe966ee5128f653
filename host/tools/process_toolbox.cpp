#include "tools/process_toolbox.hpp"

#include "base/failure.hpp"
#include "tools/lane_tools.hpp"
#include "tools/temporary_directory.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration listing_deadline = 60s;
constexpr Clock::duration closing_grace = 2s;

}  // namespace

/// A source being listed, and how that ended. Shared: whoever waits may leave at any time.
struct ProcessToolbox::Listing {
  explicit Listing(asio::any_io_executor executor) : over(std::move(executor)) {}

  Signal over;
  bool ended = false;
  std::exception_ptr failure;
};

ProcessToolbox::ProcessToolbox(
    asio::any_io_executor executor, process::Spawner& spawner, ToolsConfig config, Paths paths
)
    : executor_(std::move(executor)),
      config_(std::move(config)),
      launcher_(spawner, std::move(paths), config_.file),
      catalogue_(config_),
      guard_(executor_, catalogue_, lock_file_for(config_.file)),
      end_listings_(executor_),
      listings_(executor_) {
  launcher_.guard_with(guard_);
}

ProcessToolbox::~ProcessToolbox() = default;

std::unique_ptr<RunTools> ProcessToolbox::open(std::filesystem::path directory) {
  LaneTools::Shop shop{
      executor_,
      catalogue_,
      guard_,
      launcher_,
      [this](const SourceConfig& source) -> SharedServer& { return host_server(source); }
  };
  return std::make_unique<LaneTools>(std::move(shop), std::filesystem::absolute(directory));
}

std::vector<std::string> ProcessToolbox::sources() const {
  return config_.names();
}

Task<ToolDescriptor> ProcessToolbox::describe(std::string tool) {
  const SourceConfig& source = catalogue_.source_of(tool);
  Catalogue::check_filter(source, tool);
  co_await make_listed(source);
  co_return catalogue_.find(tool);
}

Task<std::vector<ToolDescriptor>> ProcessToolbox::list(std::string source) {
  const SourceConfig& config = catalogue_.source_of(source + ".*");
  co_await make_listed(config);
  co_return catalogue_.all(source);
}

Task<> ProcessToolbox::make_listed(const SourceConfig& source) {
  if (catalogue_.listed(source.name)) co_return;
  const std::shared_ptr<Listing> listing = listing_of(source);
  while (!listing->ended)
    co_await listing->over.wait();
  if (listing->failure) std::rethrow_exception(listing->failure);
}

// In a coroutine of its own: a caller who gives up does not take the list from the others.
std::shared_ptr<ProcessToolbox::Listing> ProcessToolbox::listing_of(const SourceConfig& source) {
  std::shared_ptr<Listing>& listing = being_listed_[source.name];
  if (listing) return listing;
  listing = std::make_shared<Listing>(executor_);
  const auto started = listing;
  const auto settle = [this, started, name = source.name](std::exception_ptr failure) {
    started->ended = true;
    started->failure = std::move(failure);
    being_listed_.erase(name);
    started->over.notify();
  };
  listings_.start(carry_out(source, settle), settle);
  return started;
}

Task<> ProcessToolbox::carry_out(
    const SourceConfig& source, std::function<void(std::exception_ptr)> settle
) {
  auto asking = list_source(source);
  co_await std::move(asking);
  settle(nullptr);
}

Task<> ProcessToolbox::list_source(const SourceConfig& source) {
  if (must_end(end_listings_)) {
    throw Failure(Code::canceled, source.title() + " is not listed any more: the host goes down");
  }
  if (source.scope != Scope::host) {
    co_await list_by_a_throwaway(source);
    co_return;
  }
  auto getting = host_server(source).get(end_listings_, Clock::now() + listing_deadline);
  const std::shared_ptr<McpServer> server = co_await std::move(getting);
  auto listing = guard_.offer_of(source, server, Clock::now() + listing_deadline, end_listings_);
  co_await std::move(listing);
}

// In an empty directory: listing must not touch a lane, and there may be none yet.
Task<> ProcessToolbox::list_by_a_throwaway(const SourceConfig& source) {
  const TemporaryDirectory empty;
  auto starting = launcher_.start(source, empty.path(), listing_deadline, end_listings_);
  const std::shared_ptr<McpServer> server = co_await std::move(starting);
  const auto kill = [server](StopReason) { server->kill_now(); };
  const auto subscription = end_listings_.subscribe(kill);
  std::exception_ptr failure;
  try {
    auto listing = guard_.offer_of(source, server, Clock::now() + listing_deadline, end_listings_);
    co_await std::move(listing);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await server->stop(closing_grace);
  if (failure) std::rethrow_exception(failure);
}

SharedServer& ProcessToolbox::host_server(const SourceConfig& source) {
  auto& slot = host_servers_[source.name];
  if (slot == nullptr) {
    auto start = [&launcher = launcher_, &source](Stop& abort) {
      return launcher.start(source, {}, Clock::duration::max(), abort);
    };
    slot = std::make_unique<SharedServer>(executor_, source.title(), std::move(start));
  }
  return *slot;
}

Task<> ProcessToolbox::shutdown() {
  end_listings_.request(StopReason::canceled);
  for (const auto& [name, server] : host_servers_)
    co_await server->close(closing_grace);
  co_await listings_.wait_until_at_most(0);
  host_servers_.clear();
}

}  // namespace opsroom::tools
