#pragma once
#include <functional>
#include <map>
#include <opsroom/tool/call.hpp>
#include <opsroom/tool/reply.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace opsroom::tool {

/// What a caller may assume about a tool (MCP's annotations). The defaults are MCP's: the worst
/// case.
struct Hints {
  const char* title = "";
  bool read_only = false;   ///< changes nothing
  bool destructive = true;  ///< may overwrite or remove what was there
  bool idempotent = false;  ///< calling again with the same arguments changes nothing more
  bool open_world = true;   ///< reaches beyond the working directory
};

/// The tools of one plugin instance. Filled once by the author's function, read by many calls.
class Registry {
 public:
  /// For the manifest only: no settings are there yet, and nothing will be invoked.
  Registry() = default;
  explicit Registry(json config) : config_(std::move(config)), configured_(true) {}

  /// The operator's settings for this plugin; an empty object while only the manifest is wanted.
  const json& config() const noexcept { return config_; }

  /// The same read into a described struct; what is missing or wrong is told with its JSON Pointer
  /// and keeps the plugin from starting. While only the manifest is wanted: `T{}`.
  template <Described T>
  T settings() const {
    if (!configured_) return T{};
    try {
      return read<T>(config_, "/config");
    } catch (const BadArguments& error) {
      throw std::runtime_error(
          std::string(error.what()) +
          "; it is set in tools.json, in the \"config\" object of this plugin"
      );
    }
  }

  /// Adds a tool. `handler` is called as handler(const Args&, Call&) and returns a described
  /// struct, an Outcome of one, a Reply, or a std::string; whatever std::exception it throws
  /// becomes the tool's error text. The name is bare: the host puts the plugin's configured name
  /// before it.
  template <Described Args, class Handler>
  void add(std::string name, const char* description, Handler handler, Hints hints = {}) {
    using Returned = std::invoke_result_t<Handler&, const Args&, Call&>;
    json entry{
        {"name", name},
        {"description", description},
        {"inputSchema", schema_of<Args>()},
        {"annotations", annotations(hints)}
    };
    if (*hints.title != '\0') entry["title"] = hints.title;
    using Output = typename detail::Structured<Returned>::type;
    if constexpr (!std::is_void_v<Output>) entry["outputSchema"] = output_schema_of<Output>();
    auto run = [handler = std::move(handler)](const json& arguments, Call& call) mutable {
      return detail::as_result(handler(read<Args>(arguments), call));
    };
    if (!tools_.emplace(name, std::move(run)).second)
      throw std::logic_error("two tools are called " + name);
    manifest_.push_back(std::move(entry));
  }

  /// {"tools":[...]} in the order of the add() calls.
  json manifest() const { return {{"tools", manifest_}}; }

  bool knows(std::string_view tool) const { return tools_.find(tool) != tools_.end(); }

  /// Runs a known tool and returns its CallToolResult.
  json invoke(std::string_view tool, const json& arguments, Call& call) {
    return tools_.find(tool)->second(arguments, call);
  }

 private:
  static json annotations(const Hints& hints) {
    json made{
        {"readOnlyHint", hints.read_only},
        {"destructiveHint", hints.destructive},
        {"idempotentHint", hints.idempotent},
        {"openWorldHint", hints.open_world}
    };
    if (*hints.title != '\0') made["title"] = hints.title;
    return made;
  }

  json config_ = json::object();
  bool configured_ = false;
  json manifest_ = json::array();
  std::map<std::string, std::function<json(const json&, Call&)>, std::less<>> tools_;
};

}  // namespace opsroom::tool
