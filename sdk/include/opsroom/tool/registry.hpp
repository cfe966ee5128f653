#pragma once
#include <memory>
#include <opsroom/tool/call.hpp>
#include <opsroom/tool/offers.hpp>
#include <opsroom/tool/reply.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace opsroom::tool {

/// Whether a call may become a task (MCP's execution.taskSupport): a client that knows tasks is
/// answered at once when the call takes longer, and asks for its result later.
enum class Tasks {
  forbidden,  ///< the caller waits for the result
  optional,   ///< the caller may wait
  required    ///< a client that does not know tasks can't call it; one of an era without them waits
};

/// What a caller may assume about a tool (MCP's annotations). The defaults are MCP's: the worst
/// case.
struct Hints {
  const char* title = "";
  bool read_only = false;   ///< changes nothing
  bool destructive = true;  ///< may overwrite or remove what was there
  bool idempotent = false;  ///< calling again with the same arguments changes nothing more
  bool open_world = true;   ///< reaches beyond the working directory
  Tasks tasks = Tasks::forbidden;
};

namespace detail {

template <class Args, class Handler>
using Returned = std::remove_cvref_t<std::invoke_result_t<Handler&, const Args&, Call&>>;

/// Words for an author whose handler can't be called; true when it can.
template <class Args, class Handler>
constexpr bool is_tool() {
  constexpr bool callable = std::is_invocable_v<Handler&, const Args&, Call&>;
  static_assert(callable, "a tool's handler is called as handler(const Args&, tool::Call&)");
  if constexpr (has_table<Args>() && callable) {
    constexpr bool good = Result<Returned<Args, Handler>>;
    static_assert(
        good,
        "a tool's handler returns a described struct, a tool::Outcome of one, a tool::Reply or a "
        "std::string"
    );
    return good;
  } else {
    return false;
  }
}

}  // namespace detail

/// What one plugin instance offers: tools, and for those who want them resources and prompts.
/// Filled once by the author's function, read by many calls.
class Registry {
 public:
  /// For the manifest only: no settings are there yet, and nothing will be invoked.
  Registry();
  explicit Registry(const json& config);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  /// The operator's settings for this plugin; an empty object while only the manifest is wanted.
  const json& config() const noexcept;

  /// The same read into a described struct; what is missing or wrong is told with its JSON Pointer
  /// and keeps the plugin from starting. While only the manifest is wanted: `T{}`.
  template <class T>
  T settings() const {
    T made{};
    if constexpr (detail::has_table<T>()) read_settings(detail::shape_of<T>(), &made);
    return made;
  }

  /// Adds a tool. `handler` is called as handler(const Args&, Call&) and returns a described
  /// struct, an Outcome of one, a Reply, or a std::string; whatever std::exception it throws
  /// becomes the tool's error text. The name is bare: the host puts the plugin's configured name
  /// before it.
  template <class Args, class Handler>
  void add(const std::string& name, const char* description, Handler handler, Hints hints = {}) {
    if constexpr (detail::is_tool<Args, Handler>()) {
      using Output = typename detail::Structured<detail::Returned<Args, Handler>>::type;
      detail::ShapeOf output = nullptr;
      if constexpr (!std::is_void_v<Output>) output = &detail::shape_of<Output>;
      const auto run = [](void* held, const json& arguments, Call& call, json& result) {
        Args args{};
        detail::read_value(detail::shape_of<Args>(), arguments, "", &args);
        detail::put_result(result, (*static_cast<Handler*>(held))(std::as_const(args), call));
      };
      add_tool(
          {name, description, &detail::shape_of<Args>, output, hints},
          {detail::hold(std::move(handler)), run}
      );
    }
  }

  /// Offers something to read. A fixed URI: handler(Call&); a template ("notes:///{name}",
  /// "file:///{+path}"): handler(const Variables&, Call&). It returns std::string or Bytes; an
  /// exception becomes the error's text, BadArguments("/uri", why) says that there is no such one.
  template <class Handler>
  void resource(const ResourceInfo& info, Handler handler) {
    const auto run = [](void* held, const Variables& variables, Call& call, json& content) {
      Handler& made = *static_cast<Handler*>(held);
      if constexpr (std::is_invocable_v<Handler&, const Variables&, Call&>)
        detail::put_content(content, made(variables, call));
      else
        detail::put_content(content, made(call));
    };
    add_resource(info, {detail::hold(std::move(handler)), run});
  }

  /// Offers words to start a conversation with: handler(const Args&, Call&) returns a string (one
  /// message of the user) or a std::vector<Message>. Clients send the arguments as strings.
  template <class Args, class Handler>
  void prompt(const std::string& name, const std::string& description, Handler handler) {
    static_assert(detail::has_table<Args>());
    const auto run = [](void* held, const json& given, Call& call) -> std::vector<Message> {
      Args args{};
      read_prompt_arguments(detail::shape_of<Args>(), given, &args);
      auto made = (*static_cast<Handler*>(held))(std::as_const(args), call);
      if constexpr (std::is_convertible_v<decltype(made), std::string>)
        return {user(std::move(made))};
      else
        return made;
    };
    add_prompt(
        name, description, detail::shape_of<Args>(), {detail::hold(std::move(handler)), run}
    );
  }

  /// Suggests values while somebody types: for an argument of the prompt `of`, or a variable of the
  /// resource template whose URI is `of`. `suggest(typed, others)` gets a std::string and Variables
  /// and returns a std::vector<std::string> of candidates; those that do not begin with what was
  /// typed are dropped. Enums and one_of() need no completion.
  template <class Suggest>
  void complete(const std::string& of, const std::string& argument, Suggest suggest) {
    const auto run = [](void* held, const std::string& typed, const Variables& others
                     ) -> std::vector<std::string> {
      return (*static_cast<Suggest*>(held))(typed, others);
    };
    add_completion(of, argument, {detail::hold(std::move(suggest)), run});
  }

  /// {"tools":[...]} in the order of the add() calls, and what else plugin.h lets a manifest hold.
  json manifest() const;

  /// A tool, or one of the reserved names.
  bool knows(std::string_view tool) const;

  /// Runs what is known and returns its CallToolResult, or the MCP result of a reserved name.
  json invoke(std::string_view tool, const json& arguments, Call& call);

 private:
  struct Entry {
    const std::string& name;
    const char* description;
    detail::ShapeOf arguments;
    detail::ShapeOf output;  ///< null: only words
    const Hints& hints;
  };
  struct Inside;

  void read_settings(const detail::Shape& shape, void* settings) const;
  void add_tool(const Entry& entry, detail::ToolRun run);
  void add_resource(const ResourceInfo& info, detail::ResourceRun run);
  void add_prompt(
      const std::string& name,
      const std::string& description,
      const detail::Shape& arguments,
      detail::PromptRun run
  );
  void add_completion(const std::string& of, const std::string& argument, detail::CompleteRun run);
  static void read_prompt_arguments(const detail::Shape& shape, const json& given, void* args);

  std::unique_ptr<Inside> inside_;
};

}  // namespace opsroom::tool
