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

/// The border: nothing a handler throws gets past it.
opsroom_status invoke(
    void* instance, opsroom_text tool, opsroom_text arguments, const opsroom_call* lent
) noexcept;

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
