#pragma once

#include "ports/toolbox.hpp"
#include "tools/catalogue.hpp"
#include "tools/checked_call.hpp"
#include "tools/inprocess_plugins.hpp"
#include "tools/server_call.hpp"
#include "tools/shared_server.hpp"
#include "tools/source_launcher.hpp"
#include "tools/trace_context.hpp"
#include "tools/waiting_line.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::tools {

/// A source as it was configured when somebody asked; a reload leaves it as it is.
using SourceRef = std::shared_ptr<const SourceConfig>;

/// The tools of one run in one lane. Its lane-scoped servers start when first called and live until
/// `close()`; step-scoped ones until their call has returned. Io thread only.
class LaneTools : public RunTools {
 public:
  /// What it borrows from the toolbox, which outlives it.
  struct Shop {
    asio::any_io_executor executor;
    const Catalogue& catalogue;
    SurfaceGuard& guard;
    SourceLauncher& launcher;
    InprocessPlugins& inprocess;
    /// The source of a tool as it is configured now. Failure{not_found}.
    std::function<SourceRef(const std::string& tool)> source_of;
    std::function<std::shared_ptr<SharedServer>(const SourceRef&)> host_server;
    std::function<std::shared_ptr<const Redactor>()> redactor;
  };

  LaneTools(Shop shop, std::filesystem::path directory)
      : shop_(std::move(shop)), directory_(std::move(directory)), draining_(shop_.executor) {}

  Task<ToolResult> call(ToolCall call, CallListener& listener, Stop& stop) override;
  void trust_until(Clock::time_point until) override { trust_->renew(until); }
  Task<> close() override;

 private:
  struct LaneServer {
    SourceRef source;
    std::shared_ptr<SharedServer> server;
  };

  /// A server for one call, and what keeps it there as long.
  struct Held {
    std::shared_ptr<McpServer> server;
    std::optional<SharedServer::Lease> lease;  ///< of a server that others use too
    WaitingLine::Pass pass;                    ///< of a server started for this call
  };

  Task<ToolResult> call_source(
      ToolCall call, std::shared_ptr<CallSink> sink, Stop& stop, bool may_sample
  );
  Task<ToolResult> call_server(
      SourceRef source, ServerCall job, std::shared_ptr<CallSink> sink, Stop& stop
  );
  Task<Held> hold(SourceRef source, Clock::time_point latest, Stop& stop);
  Task<Held> start_for_step(SourceRef source, Clock::time_point latest, Stop& stop);
  Task<Held> hold_lane_server(SourceRef source, Clock::time_point latest, Stop& stop);
  std::shared_ptr<SharedServer> lane_server(const SourceRef& source);
  Task<ToolResult> sample(std::string tool, ToolCall asker, Json params, Stop& stop);

  Shop shop_;
  std::filesystem::path directory_;
  TraceContext trace_;
  std::shared_ptr<Trust> trust_ = std::make_shared<Trust>();
  std::map<std::string, LaneServer> lane_servers_;
  std::map<std::string, WaitingLine> lines_;  ///< of step-scoped sources with a limit
  std::vector<std::shared_ptr<SharedServer>> retired_;
  TaskGroup draining_;
};

}  // namespace opsroom::tools
