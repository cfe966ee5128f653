#include "engine/step_context.hpp"

#include <utility>

namespace opsroom::engine {

Json step_event(const Step& step) {
  return {
      {"position", step.position},
      {"id", step.id},
      {"tool", step.tool},
      {"status", to_string(step.status)},
      {"error", step.error ? Json(*step.error) : Json()},
      {"hint", step.hint ? Json(*step.hint) : Json()},
      {"tries", step.tries},
  };
}

Task<> record_step(
    StepContext context, Step step, std::string kind, std::vector<CallRecord> calls
) {
  context.log.add(std::move(kind), step.id, step_event(step));
  RunLog::Write write = [&context, &step, &calls](std::vector<Event> events) {
    StepChange change{step, std::move(events), calls};
    return context.queue.write_step(context.claim, std::move(change));
  };
  auto writing = context.log.commit(std::move(write));
  co_await std::move(writing);
}

}  // namespace opsroom::engine
