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

/// Says that a source is being listed, and when that is over, however it ends.
struct ProcessToolbox::Listing {
  Listing(ProcessToolbox& box, std::string name) : toolbox(box), source(std::move(name)) {
    toolbox.being_listed_[source] = std::make_shared<Signal>(toolbox.executor_);
  }
  ~Listing() {
    const auto over = toolbox.being_listed_.extract(source);
    over.mapped()->notify();
  }
  Listing(const Listing&) = delete;
  Listing& operator=(const Listing&) = delete;

  ProcessToolbox& toolbox;
  std::string source;
};

ProcessToolbox::ProcessToolbox(
    asio::any_io_executor executor, process::Spawner& spawner, ToolsConfig config, Paths paths
)
    : executor_(std::move(executor)),
      config_(std::move(config)),
      launcher_(spawner, std::move(paths), config_.file),
      catalogue_(config_) {}

ProcessToolbox::~ProcessToolbox() = default;

std::unique_ptr<RunTools> ProcessToolbox::open(std::filesystem::path directory) {
  LaneTools::Shop shop{
      executor_,
      catalogue_,
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
  while (!catalogue_.listed(source.name)) {
    const auto busy = being_listed_.find(source.name);
    if (busy != being_listed_.end()) {
      const std::shared_ptr<Signal> over = busy->second;
      co_await over->wait();
      continue;
    }
    const Listing listing(*this, source.name);
    auto asking = list_source(source);
    const std::vector<Json> tools = co_await std::move(asking);
    catalogue_.store(source, tools);
  }
}

Task<std::vector<Json>> ProcessToolbox::list_source(const SourceConfig& source) {
  if (source.scope != Scope::host) co_return co_await list_by_a_throwaway(source);
  Stop never(executor_);
  auto getting = host_server(source).get(never, Clock::now() + listing_deadline);
  const std::shared_ptr<McpServer> server = co_await std::move(getting);
  co_return co_await server->client().list_tools(listing_deadline);
}

// In an empty directory: listing must not touch a lane, and there may be none yet.
Task<std::vector<Json>> ProcessToolbox::list_by_a_throwaway(const SourceConfig& source) {
  const TemporaryDirectory empty;
  Stop never(executor_);
  auto starting = launcher_.start(source, empty.path(), listing_deadline, never);
  const std::shared_ptr<McpServer> server = co_await std::move(starting);
  std::vector<Json> tools;
  std::exception_ptr failure;
  try {
    auto asking = server->client().list_tools(listing_deadline);
    tools = co_await std::move(asking);
  } catch (const Failure&) {
    failure = std::current_exception();
  }
  co_await server->stop(closing_grace);
  if (failure) std::rethrow_exception(failure);
  co_return tools;
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
  for (const auto& [name, server] : host_servers_)
    co_await server->close(closing_grace);
  host_servers_.clear();
}

}  // namespace opsroom::tools
