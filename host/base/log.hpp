#pragma once

#include <spdlog/spdlog.h>

#include <functional>
#include <string>
#include <string_view>

namespace opsroom {

/// Sends the process's log to stderr, one line an entry: "12:00:00.123 worker  warn  text".
/// `level` is OPSROOM_LOG's word (debug, info, warn, error); an unknown word is Failure{invalid}.
void set_up_log(std::string_view process, std::string_view level);

/// From now on every line of the process's log goes through `filter` before it is shown; the last
/// one counts, null is none. Any thread may log meanwhile, so that `filter` must stand several at
/// once. Takes effect where the log was set up by `set_up_log`.
void set_log_filter(std::function<std::string(std::string)> filter);

}  // namespace opsroom
