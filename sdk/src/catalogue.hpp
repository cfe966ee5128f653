#pragma once
#include "protocol.hpp"

#include <map>
#include <opsroom/plugin.h>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::sdk {

/// How a tool stands to the tasks extension.
enum class TaskSupport { forbidden, optional, required };

/// What a plugin offers by its manifest at one time, and the answers that only depend on it.
class Catalogue {
 public:
  struct Terms {
    std::size_t page_size = 0;          ///< items a page has; 0: all in one
    bool changes = false;               ///< clients are told when there is another catalogue
    const Catalogue* before = nullptr;  ///< whose lists stay, empty if need be: they were promised
  };
  /// Throws std::runtime_error when the manifest is wrong.
  Catalogue(const opsroom_plugin& plugin, const Terms& terms);

  struct Tool {
    TaskSupport tasks = TaskSupport::forbidden;
    bool structured = false;  ///< has an outputSchema
    bool read_only = false;   ///< says that it changes nothing
  };
  /// None: there is no such tool.
  const Tool* tool(std::string_view name) const;

  /// The declaration of a prompt; null when there is none of that name.
  const json* prompt(const std::string& name) const;

  bool offers_resources() const { return lists_.contains("resources"); }
  bool offers_prompts() const { return lists_.contains("prompts"); }
  bool offers_completion() const noexcept { return completion_; }
  bool offers_tasks() const noexcept { return tasks_; }

  /// The member's name in the result for "tools/list" and its like; empty: no such list here.
  std::string_view list_of(std::string_view method) const;
  /// A page as the members of a result, without the braces. Throws RpcError for a cursor that was
  /// not handed out here.
  std::string page(std::string_view list, const json& params, Era era) const;

  json capabilities(Era era) const;
  /// What clients have to list anew when they knew the one before: "tools", "resources", "prompts".
  std::vector<std::string> changed_since(const Catalogue& before) const;
  /// What a client that hands text to a model may tell it; empty: nothing.
  const std::string& instructions() const noexcept { return instructions_; }

 private:
  struct List {
    std::vector<std::string> legacy;  ///< JSON texts
    std::vector<std::string> modern;
    std::string print;  ///< of all of it: a cursor is good for this list only
  };

  void keep_promises(const Catalogue& before);
  bool same_list(const Catalogue& other, const char* name) const;
  void take_list(const json& manifest, const char* name, const char* key);
  void take_tool(const json& tool);
  std::size_t start_of(const List& list, const json& cursor) const;

  const std::size_t page_size_;
  const bool changes_;
  std::map<std::string, List, std::less<>> lists_;
  std::map<std::string, Tool, std::less<>> tools_;
  std::map<std::string, json> prompts_;
  std::string instructions_;
  bool completion_ = false;
  bool tasks_ = false;
};

}  // namespace opsroom::sdk
