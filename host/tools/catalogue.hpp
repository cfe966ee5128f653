#pragma once

#include "base/async.hpp"
#include "model/tool.hpp"
#include "tools/schema_checks.hpp"
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

/// One tool as its source offered it.
class OfferedTool {
 public:
  OfferedTool(ToolDescriptor described, Json listed)
      : described_(std::move(described)), listed_(std::move(listed)) {}

  const ToolDescriptor& described() const { return described_; }
  const Json& listed() const { return listed_; }  ///< as the server sent it

  /// Its schemas, compiled at the first request; those that cannot be used are warned of once. Io
  /// thread only.
  std::shared_ptr<const SchemaChecks> checks() const;

  /// For schemas that take long: whether `checks` would compile, what it would make (any thread),
  /// and that it need not any more.
  bool compiled() const { return checks_ != nullptr; }
  std::shared_ptr<const SchemaChecks> compile() const;
  void keep(std::shared_ptr<const SchemaChecks> checks) const;

 private:
  ToolDescriptor described_;
  Json listed_;
  mutable std::shared_ptr<const SchemaChecks> checks_;
};

/// What a source offered in one listing, without what its filter denies. Never changes.
class Offer {
 public:
  /// Tools that are the same as in `before` (or null) are shared with it, compiled schemas
  /// included. `pin` is the digest of the surface as pinned, empty when it isn't.
  Offer(
      const SourceConfig& source,
      const std::vector<Json>& listed,
      const Offer* before = nullptr,
      std::string pin = {}
  );

  /// Failure{not_found} lists the source's tools and suggests the nearest.
  std::shared_ptr<const OfferedTool> find(const std::string& full_name) const;
  /// By name.
  std::vector<std::shared_ptr<const OfferedTool>> all() const;
  const std::string& pin() const { return pin_; }

 private:
  std::string source_;
  std::map<std::string, std::shared_ptr<const OfferedTool>, std::less<>> tools_;
  std::string pin_;
};

/// What the sources offer, as far as it was listed. Knows nothing of processes: the owner lists and
/// hands it in.
class Catalogue {
 public:
  explicit Catalogue(const ToolsConfig& config) : config_(config) {}

  /// The source of a tool. Failure{not_found} lists the sources and suggests the nearest.
  const SourceConfig& source_of(const std::string& full_name) const;

  bool listed(const std::string& source) const { return listed_.contains(source); }
  /// Stores a source's tools/list, without those its filter denies, in place of what it offered
  /// before.
  std::shared_ptr<const Offer> store(
      const SourceConfig& source, const std::vector<Json>& tools, std::string pin = {}
  );
  /// What a source offered last; null when it was never listed.
  std::shared_ptr<const Offer> offer(const std::string& source) const;
  void drop(const std::string& source) { listed_.erase(source); }

  /// A tool of a listed source. Failure{not_found} lists the source's tools and suggests the
  /// nearest.
  const ToolDescriptor& find(const std::string& full_name) const;

  /// All tools of a listed source, by name.
  std::vector<ToolDescriptor> all(const std::string& source) const;

  /// Failure{forbidden} when the source's allow and deny lists exclude the tool.
  static void check_filter(const SourceConfig& source, const std::string& full_name);

 private:
  const ToolsConfig& config_;
  std::map<std::string, std::shared_ptr<const Offer>, std::less<>> listed_;
};

}  // namespace opsroom::tools
