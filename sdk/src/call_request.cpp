#include "call_request.hpp"

#include "json_reader.hpp"

#include <algorithm>

namespace opsroom::sdk {

std::string CallRequest::bound(std::string_view plugin) const {
  return json_string(plugin) + " " + tool + " " + dumped(json::parse(said()));
}

std::string CallRequest::context_with(const json& responses, const std::string& state) const {
  json next = json::parse(context);
  next["inputResponses"] = responses;
  if (state.empty())
    next.erase("requestState");
  else
    next["requestState"] = state;
  return dumped(next);
}

std::chrono::milliseconds CallRequest::patience() const {
  constexpr std::chrono::milliseconds usual = std::chrono::hours(1);
  const json deadline = json::parse(message->deadline, nullptr, false);
  if (!deadline.is_number()) return usual;
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch()
  );
  const auto left = std::chrono::milliseconds(deadline.get<std::int64_t>()) - now;
  return std::clamp(left, std::chrono::milliseconds(0), usual);
}

}  // namespace opsroom::sdk
