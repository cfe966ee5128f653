#pragma once
#include <cstdio>
#include <exception>
#include <memory>
#include <new>
#include <opsroom/plugin.h>
#include <opsroom/tool/registry.hpp>
#include <string>

namespace opsroom::tool {
namespace detail {

/// The author's function; fills a registry with tools.
using Register = void (*)(Registry&);

inline void complain(const char* what, const char* reason) noexcept {
  std::fprintf(stderr, "%s: %s\n", what, reason);
}

template <Register fill>
opsroom_text manifest() noexcept try {
  static const std::string text = [] {
    Registry tools;
    fill(tools);
    return tools.manifest().dump();
  }();
  return lend(text);
} catch (const std::exception& error) {
  complain("the plugin's tools can't be listed", error.what());
  return {nullptr, 0};
} catch (...) {
  complain("the plugin's tools can't be listed", "unknown exception");
  return {nullptr, 0};
}

template <Register fill>
opsroom_status create(opsroom_text config, void** instance) noexcept try {
  auto made =
      std::make_unique<Registry>(config.size == 0 ? json::object() : json::parse(view(config)));
  fill(*made);
  *instance = made.release();
  return OPSROOM_OK;
} catch (const std::exception& error) {
  complain("the plugin can't start", error.what());
  return OPSROOM_BROKEN;
} catch (...) {
  complain("the plugin can't start", "unknown exception");
  return OPSROOM_BROKEN;
}

inline void destroy(void* instance) noexcept {
  delete static_cast<Registry*>(instance);
}

inline void hand_in(const opsroom_call& call, const json& result) {
  const std::string text = result.dump(-1, ' ', false, json::error_handler_t::replace);
  call.result(call.host, lend(text));
}

/// Reports in words; memory may be what ran out, so even this must not throw.
inline opsroom_status explain(
    const opsroom_call& call, opsroom_status status, const char* text
) noexcept try {
  hand_in(call, text_result(text, true));
  return status;
} catch (...) {
  return OPSROOM_BROKEN;
}

/// An exception in words, with what it was thrown with inside (std::throw_with_nested).
inline std::string words_of(const std::exception& error) {
  std::string text = *error.what() == '\0' ? "an exception without a text" : error.what();
  if (dynamic_cast<const json::exception*>(&error) != nullptr)
    text = "the tool met JSON it did not expect: " + text;
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    text += ": " + words_of(inner);
  } catch (...) {
    text += ": something that is no std::exception";
  }
  return text;
}

inline opsroom_status explain_exception(
    const opsroom_call& call, const std::exception& error
) noexcept try {
  hand_in(call, text_result(words_of(error), true));
  return OPSROOM_OK;
} catch (...) {
  return OPSROOM_BROKEN;
}

inline opsroom_status refuse(
    const opsroom_call& call, std::string_view tool, const BadArguments& error
) noexcept try {
  const bool reserved = tool.starts_with("opsroom:");
  json result = text_result(
      (reserved ? "" : "wrong arguments for " + std::string(tool) + ": ") + error.what(), true
  );
  result["_meta"] = {{"io.opsroom/badArguments", {{"pointer", error.pointer()}}}};
  hand_in(call, result);
  return OPSROOM_BAD_ARGUMENTS;
} catch (...) {
  return OPSROOM_BROKEN;
}

/// The border: nothing a handler throws gets past it.
inline opsroom_status invoke(
    void* instance, opsroom_text tool, opsroom_text arguments, const opsroom_call* lent
) noexcept try {
  auto& tools = *static_cast<Registry*>(instance);
  if (!tools.knows(view(tool))) return OPSROOM_UNKNOWN_TOOL;
  Call call(*lent);
  hand_in(*lent, tools.invoke(view(tool), json::parse(view(arguments)), call));
  return OPSROOM_OK;
} catch (const Cancelled&) {
  return OPSROOM_CANCELLED;
} catch (const NeedsInput&) {
  return OPSROOM_INPUT_REQUIRED;
} catch (const BadArguments& error) {
  return refuse(*lent, view(tool), error);
} catch (const std::bad_alloc&) {
  return explain(*lent, OPSROOM_OK, "out of memory: the tool's memory limit is reached");
} catch (const std::exception& error) {
  return explain_exception(*lent, error);
} catch (...) {
  return explain(*lent, OPSROOM_BROKEN, "the tool threw something that is no std::exception");
}

}  // namespace detail

/// The plugin's entry, made from the author's function:
///     const opsroom_plugin opsroom_plugin_v1 = tool::plugin<add_tools>("echo", "1.0.0");
/// Pass OPSROOM_CONCURRENT as `flags` when the handlers may run beside each other.
template <detail::Register fill>
constexpr opsroom_plugin plugin(const char* name, const char* version, uint32_t flags = 0) {
  return {
      sizeof(opsroom_plugin),
      OPSROOM_ABI_MAJOR,
      OPSROOM_ABI_MINOR,
      flags,
      name,
      version,
      &detail::manifest<fill>,
      &detail::create<fill>,
      &detail::destroy,
      &detail::invoke
  };
}

}  // namespace opsroom::tool
