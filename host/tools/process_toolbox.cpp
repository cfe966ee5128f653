#include "tools/process_toolbox.hpp"

#include "base/failure.hpp"
#include "base/log.hpp"
#include "tools/temporary_directory.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration listing_deadline = 60s;
constexpr Clock::duration closing_grace = 2s;
constexpr Clock::duration memory_patience = 5s;

}  // namespace

/// A source being listed, and how that ended. Shared: whoever waits may leave at any time.
struct ProcessToolbox::Listing {
  explicit Listing(asio::any_io_executor executor) : over(std::move(executor)) {}

  Signal over;
  bool ended = false;
  std::exception_ptr failure;
};

ProcessToolbox::ProcessToolbox(
    asio::any_io_executor executor,
    process::Spawner& spawner,
    ToolsConfig config,
    Paths paths,
    ServerMemory* memory
)
    : executor_(std::move(executor)),
      config_(std::move(config)),
      eras_(executor_, memory),
      launcher_(spawner, std::move(paths), config_.file),
      catalogue_(config_),
      guard_(executor_, catalogue_, lock_file_for(config_.file)),
      inprocess_(executor_, launcher_, guard_),
      end_listings_(executor_),
      listings_(executor_),
      draining_(executor_) {
  launcher_.guard_with(guard_);
  launcher_.remember_in(eras_);
  launcher_.seal_with(memory);
  learn_secrets(config_);
  take_sources(config_);
}

ProcessToolbox::~ProcessToolbox() = default;

// Old secrets stay secrets: servers that were given them may still be at work.
void ProcessToolbox::learn_secrets(const ToolsConfig& config) {
  for (const auto& [name, source] : config.sources) {
    for (const Secret& secret : source.secrets) {
      const bool known = std::find(secrets_.begin(), secrets_.end(), secret) != secrets_.end();
      if (!known) secrets_.push_back(secret);
    }
  }
  redactor_ = std::make_shared<const Redactor>(secrets_);
  launcher_.redact_with(redactor_);
  if (redactor_->empty()) return;
  set_log_filter([redactor = redactor_](std::string line) {
    return redactor->text(std::move(line));
  });
}

/// A source that is as it was stays the same object, by which its processes know it.
void ProcessToolbox::take_sources(const ToolsConfig& config) {
  decltype(sources_) taken;
  for (const auto& [name, source] : config.sources) {
    const auto before = sources_.find(name);
    const bool same = before != sources_.end() && *before->second == source;
    taken[name] = same ? before->second : std::make_shared<const SourceConfig>(source);
  }
  sources_ = std::move(taken);
}

void ProcessToolbox::reload(ToolsConfig config) {
  const auto before = sources_;
  learn_secrets(config);
  take_sources(config);
  config_ = std::move(config);
  for (const auto& [name, source] : before) {
    const auto now = sources_.find(name);
    if (now != sources_.end() && now->second == source) continue;
    catalogue_.drop(name);
    const auto running = host_servers_.find(name);
    if (running == host_servers_.end()) continue;
    retire(running->second.server);
    host_servers_.erase(running);
  }
}

void ProcessToolbox::retire(const std::shared_ptr<SharedServer>& server) {
  std::erase_if(retired_, [](const auto& gone) { return gone.expired(); });
  retired_.push_back(server);
  draining_.start(drain(server), [](std::exception_ptr error) {
    try {
      std::rethrow_exception(error);
    } catch (const std::exception& reason) {
      spdlog::error("closing a tool server failed: {}", reason.what());
    }
  });
}

std::unique_ptr<RunTools> ProcessToolbox::open(std::filesystem::path directory) {
  LaneTools::Shop shop{
      executor_,
      catalogue_,
      guard_,
      launcher_,
      inprocess_,
      [this](const std::string& tool) { return source_of(tool); },
      [this](const SourceRef& source) { return host_server(source); },
      [this] { return redactor_; }
  };
  return std::make_unique<LaneTools>(std::move(shop), std::filesystem::absolute(directory));
}

std::vector<std::string> ProcessToolbox::sources() const {
  return config_.names();
}

SourceRef ProcessToolbox::source_of(const std::string& tool) const {
  return sources_.at(catalogue_.source_of(tool).name);
}

Task<ToolDescriptor> ProcessToolbox::describe(std::string tool) {
  const SourceRef source = source_of(tool);
  Catalogue::check_filter(*source, tool);
  co_await make_listed(source);
  co_return shown(catalogue_.find(tool));
}

Task<std::vector<ToolDescriptor>> ProcessToolbox::list(std::string source) {
  const SourceRef config = source_of(source + ".*");
  co_await make_listed(config);
  std::vector<ToolDescriptor> tools;
  for (const ToolDescriptor& tool : catalogue_.all(source))
    tools.push_back(shown(tool));
  co_return tools;
}

ToolDescriptor ProcessToolbox::shown(ToolDescriptor tool) const {
  if (redactor_->empty()) return tool;
  tool.description = redactor_->text(std::move(tool.description));
  redactor_->json(tool.input_schema);
  redactor_->json(tool.output_schema);
  redactor_->json(tool.annotations);
  return tool;
}

Task<> ProcessToolbox::make_listed(SourceRef source) {
  if (catalogue_.listed(source->name)) co_return;
  const std::shared_ptr<Listing> listing = listing_of(source);
  while (!listing->ended)
    co_await listing->over.wait();
  try {
    if (listing->failure) std::rethrow_exception(listing->failure);
  } catch (const Failure& failure) {
    throw redactor_->failure(failure);
  }
  if (catalogue_.listed(source->name)) co_return;
  throw Failure(
      Code::unavailable,
      fmt::format("{} has changed in tools.json while it was listed", source->title()),
      "Try again.",
      true
  );
}

// In a coroutine of its own: a caller who gives up does not take the list from the others.
std::shared_ptr<ProcessToolbox::Listing> ProcessToolbox::listing_of(const SourceRef& source) {
  std::shared_ptr<Listing>& listing = being_listed_[source];
  if (listing) return listing;
  listing = std::make_shared<Listing>(executor_);
  const auto started = listing;
  const auto settle = [this, started, source](std::exception_ptr failure) {
    started->ended = true;
    started->failure = std::move(failure);
    being_listed_.erase(source);
    started->over.notify();
  };
  listings_.start(carry_out(source, settle), settle);
  return started;
}

Task<> ProcessToolbox::carry_out(SourceRef source, std::function<void(std::exception_ptr)> settle) {
  auto asking = list_source(source);
  co_await std::move(asking);
  const auto now = sources_.find(source->name);
  if (now == sources_.end() || now->second != source) catalogue_.drop(source->name);
  settle(nullptr);
}

Task<> ProcessToolbox::list_source(SourceRef source) {
  if (must_end(end_listings_)) {
    throw Failure(Code::canceled, source->title() + " is not listed any more: the host goes down");
  }
  if (source->scope != Scope::host) {
    co_await list_by_a_throwaway(source);
    co_return;
  }
  const std::shared_ptr<SharedServer> shared = host_server(source);
  auto borrowing = shared->borrow(end_listings_, Clock::now() + listing_deadline);
  const SharedServer::Lease lease = co_await std::move(borrowing);
  auto listing =
      guard_.offer_of(*source, lease.server(), Clock::now() + listing_deadline, end_listings_);
  co_await std::move(listing);
}

// In an empty directory: listing must not touch a lane, and there may be none yet.
Task<> ProcessToolbox::list_by_a_throwaway(SourceRef source) {
  const TemporaryDirectory empty;
  auto starting = launcher_.start(*source, empty.path(), listing_deadline, end_listings_);
  const std::shared_ptr<McpServer> server = co_await std::move(starting);
  const auto kill = [server](StopReason) { server->kill_now(); };
  const auto subscription = end_listings_.subscribe(kill);
  std::exception_ptr failure;
  try {
    auto listing = guard_.offer_of(*source, server, Clock::now() + listing_deadline, end_listings_);
    co_await std::move(listing);
  } catch (...) {
    failure = std::current_exception();
  }
  co_await server->stop(closing_grace);
  if (failure) std::rethrow_exception(failure);
}

std::shared_ptr<SharedServer> ProcessToolbox::host_server(const SourceRef& source) {
  HostServer& slot = host_servers_[source->name];
  if (slot.server != nullptr && slot.source == source) return slot.server;
  auto start = [&launcher = launcher_, source](Stop& abort) {
    return launcher.start(*source, {}, Clock::duration::max(), abort);
  };
  SharedServer::Options options;
  options.title = source->title();
  options.concurrency = source->concurrency;
  options.idle = source->idle;
  options.max_lifetime = source->max_lifetime;
  slot = {source, std::make_shared<SharedServer>(executor_, std::move(options), std::move(start))};
  return slot.server;
}

Task<> ProcessToolbox::shutdown() {
  end_listings_.request(StopReason::canceled);
  for (const auto& [name, slot] : host_servers_)
    co_await slot.server->close(closing_grace);
  for (const auto& gone : retired_) {
    if (const auto server = gone.lock()) co_await server->close(closing_grace);
  }
  co_await draining_.wait_until_at_most(0);
  co_await listings_.wait_until_at_most(0);
  co_await inprocess_.shutdown();
  co_await eras_.close(memory_patience);
  host_servers_.clear();
}

}  // namespace opsroom::tools
