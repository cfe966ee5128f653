#pragma once

#include "base/ids.hpp"
#include "base/json.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom {

/// Everything the Runboard can show about a run, as an append-only list of kinds:
///   run.queued run.started run.requeued run.waiting run.resumed run.finished
///              data: the run's new status, ...
///   step.started step.waiting step.finished   data: position, id, tool, status, ...
///   input.requested   data: {"id", "key", "method", "tool", "position", "mode", "message", "url",
///                     "schema", "live", "expires_at"}, as far as they apply
///   input.answered    data: {"id", "key", "action", "by"}; the content is not told
///   input.closed      data: {"id", "key", "status": "expired" | "withdrawn"}
///   log        lines; data: {"stream": "stdout" | "stderr" | "host" | a tool's logger}
///   progress   data: {"done", "total", "message"}
///   artifact   data: {"id", "kind", "name", "media_type", "size", "sha256", "meta"}
///   note       data: {"text"}: the host's own words (retries, waits, remedies)
///
/// Events of a run are numbered 1, 2, 3 … without gaps. A log event is a chunk: it takes as many
/// numbers as it has lines, `seq` being the first.
struct Event {
  RunId run;
  std::int64_t seq = 0;
  std::string kind;
  std::string step;  ///< the runbook's step id; empty for the run itself
  std::string at;    ///< ISO 8601 UTC
  Json data = Json::object();
  std::vector<std::string> lines;  ///< only for `log`; never empty there

  std::int64_t count() const { return lines.empty() ? 1 : static_cast<std::int64_t>(lines.size()); }
  std::int64_t last_seq() const { return seq + count() - 1; }
};

/// Now, as events carry it: "2026-01-31T12:00:00.123Z".
std::string now_iso8601();

/// Drops the lines up to `after`, for a reader that resumes inside a chunk.
Event tail_after(Event event, std::int64_t after);

}  // namespace opsroom
