#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace opsroom {

/// Sends the process's log to stderr, one line an entry: "12:00:00.123 worker  warn  text".
/// `level` is OPSROOM_LOG's word (debug, info, warn, error); an unknown word is Failure{invalid}.
void set_up_log(std::string_view process, std::string_view level);

}  // namespace opsroom
