#pragma once
#include <functional>
#include <map>
#include <opsroom/tool/call.hpp>
#include <opsroom/tool/offers.hpp>
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

/// What one plugin instance offers: tools, and for those who want them resources and prompts.
/// Filled once by the author's function, read by many calls.
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

  /// Offers something to read. A fixed URI: handler(Call&); a template ("notes:///{name}",
  /// "file:///{+path}"): handler(const Variables&, Call&). It returns std::string or Bytes; an
  /// exception becomes the error's text, BadArguments("/uri", why) says that there is no such one.
  template <class Handler>
  void resource(const ResourceInfo& info, Handler handler) {
    offers_.resource(info, [handler](const Variables& variables, Call& call) {
      if constexpr (std::is_invocable_v<const Handler&, const Variables&, Call&>)
        return detail::resource_content(handler(variables, call));
      else
        return detail::resource_content(handler(call));
    });
  }

  /// Offers words to start a conversation with: handler(const Args&, Call&) returns a string (one
  /// message of the user) or a std::vector<Message>. Clients send the arguments as strings.
  template <Described Args, class Handler>
  void prompt(const std::string& name, const std::string& description, Handler handler) {
    std::map<std::string, Offers::Complete> completers;
    json entry = detail::prompt_entry<Args>(name, description, completers);
    auto run = [handler, description](const json& given, Call& call) {
      auto made = handler(detail::read_prompt_arguments<Args>(given), call);
      if constexpr (std::is_same_v<decltype(made), std::vector<Message>>)
        return detail::prompt_result(made, description);
      else
        return detail::prompt_result({user(std::move(made))}, description);
    };
    offers_.prompt(name, std::move(entry), std::move(completers), std::move(run));
  }

  /// Suggests values while somebody types: for an argument of the prompt `of`, or a variable of the
  /// resource template whose URI is `of`. `suggest(typed, others)` returns candidates; those that
  /// do not begin with what was typed are dropped. Enums and one_of() need no completion.
  void complete(const std::string& of, const std::string& argument, Offers::Complete suggest) {
    offers_.complete(of, argument, std::move(suggest));
  }

  /// {"tools":[...]} in the order of the add() calls, and what else plugin.h lets a manifest hold.
  json manifest() const {
    json made{{"tools", manifest_}};
    offers_.add_to(made);
    return made;
  }

  /// A tool, or one of the reserved names.
  bool knows(std::string_view tool) const {
    return tools_.find(tool) != tools_.end() || offers_.knows(tool);
  }

  /// Runs what is known and returns its CallToolResult, or the MCP result of a reserved name.
  json invoke(std::string_view tool, const json& arguments, Call& call) {
    const auto found = tools_.find(tool);
    return found != tools_.end() ? found->second(arguments, call)
                                 : offers_.invoke(tool, arguments, call);
  }

 private:
  static json annotations(const Hints& hints) {
    json made{
        {"readOnlyHint", hints.read_only},
        {"destructiveHint", hints.destructive && !hints.read_only},
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
  Offers offers_;
};

}  // namespace opsroom::tool
