#include "engine/diff_watch.hpp"

#include "ports/run_queue.hpp"

#include <fmt/format.h>

#include <utility>

namespace opsroom::engine {
DiffWatch::DiffWatch(
    asio::any_io_executor executor,
    std::string step,
    LaneCheckout& lane,
    RunLog& log,
    Milliseconds interval
)
    : step_(std::move(step)),
      lane_(lane),
      log_(log),
      interval_(interval),
      wake_(std::move(executor)) {}

Task<> DiffWatch::run() {
  while (!ended_) {
    co_await wake_.wait_for(interval_);
    if (ended_) break;
    std::optional<Failure> failed;
    try {
      co_await look();
    } catch (const LeaseLost&) {
      throw;
    } catch (const Failure& failure) {
      failed = failure;
    }
    if (failed && !std::exchange(told_, true)) {
      log_.note(step_, fmt::format("The lane's diff could not be taken: {}", failed->what()));
    }
  }
}

void DiffWatch::end() {
  ended_ = true;
  wake_.notify();
}

Task<> DiffWatch::look() {
  auto diff = co_await lane_.diff();
  if (!diff) co_return;
  ArtifactDraft draft;
  draft.step = step_;
  draft.kind = "diff";
  draft.name = "lane.diff";
  draft.media_type = "text/x-diff";
  draft.content = std::move(diff->patch);
  draft.meta = std::move(diff->meta);
  co_await log_.store(std::move(draft));
}

}  // namespace opsroom::engine
