#include "library.hpp"

#include "elf_check.hpp"

#include <cstddef>
#include <dlfcn.h>
#include <filesystem>

namespace opsroom::runner {
namespace {

constexpr std::size_t size_of_1_0 =
    offsetof(opsroom_plugin, invoke) + sizeof(opsroom_plugin::invoke);

void check_entry(const opsroom_plugin& plugin) {
  if (plugin.abi_major != OPSROOM_ABI_MAJOR)
    throw NotAPlugin(
        "it speaks plugin ABI " + std::to_string(plugin.abi_major) + ", this host speaks " +
        std::to_string(OPSROOM_ABI_MAJOR) + "; build it against this release's SDK"
    );
  if (plugin.struct_size < size_of_1_0)
    throw NotAPlugin(
        "its entry has " + std::to_string(plugin.struct_size) + " bytes, ABI 1.0 has " +
        std::to_string(size_of_1_0) + "; build it against this release's SDK"
    );
  if (plugin.name == nullptr || plugin.version == nullptr || plugin.manifest == nullptr ||
      plugin.create == nullptr || plugin.destroy == nullptr || plugin.invoke == nullptr)
    throw NotAPlugin("its entry leaves out the name, the version or a function; fill in all of them"
    );
}

}  // namespace

const opsroom_plugin& load_plugin(const std::string& path) {
  check_elf(path);
  // An absolute path keeps dlopen() from searching the library path for a bare name.
  const auto absolute = std::filesystem::absolute(path).string();
  void* library = ::dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr)
    throw NotAPlugin(
        std::string("it can't be loaded: ") + ::dlerror() +
        "; install what it needs, or build it here"
    );
  const void* entry = ::dlsym(library, OPSROOM_ENTRY);
  if (entry == nullptr)
    throw NotAPlugin(
        std::string("it does not export ") + OPSROOM_ENTRY +
        "; build it with opsroom_add_tool() and define that entry"
    );
  const auto& plugin = *static_cast<const opsroom_plugin*>(entry);
  check_entry(plugin);
  return plugin;
}

}  // namespace opsroom::runner
