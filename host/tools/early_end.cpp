#include "tools/early_end.hpp"

#include "tools/config_section.hpp"

#include <fmt/format.h>

namespace opsroom::tools {

void explain_early_end(ToolResult& result, Wake wake, const ServerCall& call, const Stop& stop) {
  const std::string& tool = call.call.tool;
  const bool stopped = wake == Wake::stopped;
  result.canceled = stopped;
  result.timed_out = !stopped || stop.reason() == StopReason::timed_out;
  // An answer that came within the grace says more than the reason we stopped waiting for.
  const bool answered =
      result.delivery == Delivery::answered || result.delivery == Delivery::rejected;
  if (answered) return;
  result.hint.clear();
  if (stopped) {
    result.error = fmt::format("{} was stopped: {}", tool, stop_reason_name(stop.reason()));
  } else if (wake == Wake::idle) {
    result.error = fmt::format(
        "{} gave no answer and no progress for {}", tool, duration_text(call.idle_timeout)
    );
    result.hint = "Raise the step's timeout, or \"timeout\" of its source in tools.json.";
  } else {
    result.error = fmt::format("{} took longer than {} in total", tool, duration_text(call.total));
    result.hint = "Raise the step's timeout, or \"maxTotal\" of its source in tools.json.";
  }
}

}  // namespace opsroom::tools
