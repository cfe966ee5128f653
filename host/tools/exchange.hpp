#pragma once

#include "base/async.hpp"
#include "tools/alarm.hpp"
#include "tools/call_sink.hpp"
#include "tools/envelope.hpp"
#include "tools/message_channel.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::tools {

struct CallLimits {
  Clock::duration idle;      ///< without answer or progress
  Clock::time_point latest;  ///< whatever the progress
};

/// One request on its way, and what is known of its fate.
struct Exchange {
  explicit Exchange(Alarm::Like like) : alarm(like) {}

  bool answered() const { return answer.has_value() || too_large; }

  std::int64_t id = 0;
  std::string method;
  Outgoing sent;
  std::size_t bytes = 0;  ///< of the request
  std::optional<Envelope> answer;
  bool too_large = false;
  bool peer_gone = false;
  bool became_task = false;        ///< its progress goes on after its answer
  std::shared_ptr<CallSink> sink;  ///< of a call's requests
  Clock::time_point last_sign;     ///< sent, or heard of since
  Clock::time_point ended;         ///< when the answer was taken in
  std::optional<double> progress;
  Alarm alarm;
};

/// Why an answer to a tools/call is not its end.
struct Pending {
  enum class Kind {
    none,
    input,  ///< payload: an input_required result
    task,   ///< payload: the task
    url,    ///< payload: the elicitations of a -32042 error; the call was not begun
  };
  Kind kind = Kind::none;
  Json payload;
};

}  // namespace opsroom::tools
