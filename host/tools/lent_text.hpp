#pragma once

#include <cstdio>
#include <exception>
#include <opsroom/plugin.h>
#include <string>

namespace opsroom::tools {

/// What a plugin lends is good until its call returns.
inline std::string copy(opsroom_text text) {
  if (text.data == nullptr || text.size == 0) return {};
  return {text.data, text.size};
}

/// False when the host ran out of something, which is all that can fail there: no exception may get
/// back into a plugin.
template <class Function>
bool taken(Function function) noexcept {
  try {
    function();
    return true;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "what a plugin said is lost: %s\n", error.what());
    return false;
  }
}

}  // namespace opsroom::tools
