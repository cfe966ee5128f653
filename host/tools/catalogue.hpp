#pragma once

#include "base/async.hpp"
#include "model/tool.hpp"
#include "tools/tools_config.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// A tool's full name, split: "files.read_file" is read_file of files.
struct ToolName {
  std::string source;
  std::string tool;
};
/// Splits at the first dot: sources have none, tools may. An empty part is allowed here.
ToolName split_tool_name(std::string_view full);

/// What the sources offer, as far as it was listed. Knows nothing of processes: the owner lists and
/// hands it in.
class Catalogue {
 public:
  explicit Catalogue(const ToolsConfig& config) : config_(config) {}

  /// The source of a tool. Failure{not_found} lists the sources and suggests the nearest.
  const SourceConfig& source_of(const std::string& full_name) const;

  bool listed(const std::string& source) const { return listed_.contains(source); }
  /// Stores a source's tools/list, without those its filter denies.
  void store(const SourceConfig& source, const std::vector<Json>& tools);
  void drop(const std::string& source) { listed_.erase(source); }

  /// A tool of a listed source. Failure{not_found} lists the source's tools and suggests the
  /// nearest.
  const ToolDescriptor& find(const std::string& full_name) const;

  /// All tools of a listed source, by name.
  std::vector<ToolDescriptor> all(const std::string& source) const;

  /// Failure{forbidden} when the source's allow and deny lists exclude the tool.
  static void check_filter(const SourceConfig& source, const std::string& full_name);

 private:
  using Tools = std::map<std::string, ToolDescriptor, std::less<>>;

  const ToolsConfig& config_;
  std::map<std::string, Tools, std::less<>> listed_;
};

}  // namespace opsroom::tools
