#include "model/event.hpp"

#include <fmt/chrono.h>

#include <chrono>

namespace opsroom {

std::string now_iso8601() {
  const auto now = std::chrono::system_clock::now();
  const auto seconds = std::chrono::time_point_cast<std::chrono::seconds>(now);
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(now - seconds).count();
  const std::time_t time = std::chrono::system_clock::to_time_t(seconds);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(time), millis);
}

Event tail_after(Event event, std::int64_t after) {
  if (event.lines.empty() || after < event.seq) return event;
  const auto drop = after - event.seq + 1;
  event.lines.erase(event.lines.begin(), event.lines.begin() + drop);
  event.seq += drop;
  return event;
}

}  // namespace opsroom
