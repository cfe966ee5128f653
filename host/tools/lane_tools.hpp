#pragma once

#include "ports/toolbox.hpp"
#include "tools/catalogue.hpp"
#include "tools/checked_call.hpp"
#include "tools/server_call.hpp"
#include "tools/shared_server.hpp"
#include "tools/source_launcher.hpp"
#include "tools/trace_context.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace opsroom::tools {

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
    std::function<SharedServer&(const SourceConfig&)> host_server;
  };

  LaneTools(Shop shop, std::filesystem::path directory)
      : shop_(std::move(shop)), directory_(std::move(directory)) {}

  Task<ToolResult> call(ToolCall call, CallListener& listener, Stop& stop) override;
  void trust_until(Clock::time_point until) override { trust_->renew(until); }
  Task<> close() override;

 private:
  Task<ToolResult> call_source(
      ToolCall call, std::shared_ptr<CallSink> sink, Stop& stop, bool may_sample
  );
  Task<std::shared_ptr<McpServer>> server_for(
      const SourceConfig& source, Clock::time_point latest, Stop& stop
  );
  SharedServer& lane_server(const SourceConfig& source);
  Task<ToolResult> sample(std::string tool, ToolCall asker, Json params, Stop& stop);

  Shop shop_;
  std::filesystem::path directory_;
  TraceContext trace_;
  std::shared_ptr<Trust> trust_ = std::make_shared<Trust>();
  std::map<std::string, std::unique_ptr<SharedServer>> lane_servers_;
};

}  // namespace opsroom::tools
