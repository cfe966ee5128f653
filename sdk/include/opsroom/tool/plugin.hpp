#pragma once
#include <cstdint>
#include <opsroom/plugin.h>
#include <opsroom/tool/registry.hpp>
#include <string>

namespace opsroom::tool {
namespace detail {

/// The author's function; fills a registry with tools.
using Register = void (*)(Registry&);

/// What the functions of plugin.h do with it. Nothing is thrown: reasons go to stderr.
std::string manifest_text(Register fill) noexcept;
opsroom_status create(Register fill, opsroom_text config, void** instance) noexcept;
void destroy(void* instance) noexcept;

template <Register fill>
opsroom_text manifest() noexcept {
  static const std::string text = manifest_text(fill);
  return text.empty() ? opsroom_text{nullptr, 0} : lend(text);
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
      [](opsroom_text config, void** instance) { return detail::create(fill, config, instance); },
      &detail::destroy,
      &detail::invoke
  };
}

}  // namespace opsroom::tool
