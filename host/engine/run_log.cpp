#include "engine/run_log.hpp"

#include "base/text.hpp"
#include "ports/run_queue.hpp"

#include <fmt/format.h>

#include <utility>

namespace opsroom::engine {
namespace {

Json artifact_event(const Artifact& artifact) {
  return {
      {"id", artifact.id.value},
      {"kind", artifact.kind},
      {"name", artifact.name},
      {"media_type", artifact.media_type},
      {"size", artifact.size},
      {"sha256", artifact.sha256},
      {"meta", artifact.meta},
  };
}

}  // namespace

RunLog::RunLog(
    asio::any_io_executor executor,
    Claim claim,
    std::int64_t last_seq,
    Journal& journal,
    Stop& abandon,
    RunLogLimits limits
)
    : claim_(std::move(claim)),
      next_seq_(last_seq + 1),
      journal_(journal),
      abandon_(abandon),
      limits_(limits),
      outage_(fmt::format("run {}: the database", claim_.run)),
      changed_(std::move(executor)) {}

void RunLog::add(std::string kind, std::string step, Json data) {
  Event event;
  event.run = claim_.run;
  event.seq = next_seq_++;
  event.kind = std::move(kind);
  event.step = std::move(step);
  event.at = now_iso8601();
  event.data = std::move(data);
  pending_.push_back(std::move(event));
  changed_.notify();
}

void RunLog::note(std::string step, std::string text) {
  Json data{{"text", std::move(text)}};
  add("note", std::move(step), std::move(data));
}

Task<> RunLog::lines(std::string step, std::string stream, std::string text) {
  while (pending_bytes_ > limits_.pending_bytes && !abandon_.requested())
    co_await changed_.wait();
  if (text.empty()) {
    add_line(step, stream, {});
  }
  for (std::string& line : split_lines(text))
    add_line(step, stream, std::move(line));
  changed_.notify();
}

void RunLog::add_line(const std::string& step, const std::string& stream, std::string line) {
  if (line.size() > limits_.line_bytes) {
    const std::size_t cut = line.size() - limits_.line_bytes;
    line.resize(limits_.line_bytes);
    line += fmt::format(" … ({} bytes cut)", cut);
  }
  const bool fits = !pending_.empty() && pending_.back().kind == "log" &&
                    pending_.back().step == step && pending_.back().data.at("stream") == stream &&
                    pending_.back().lines.size() < limits_.chunk_lines &&
                    chunk_bytes_ + line.size() <= limits_.chunk_bytes;
  if (!fits) {
    add("log", step, Json{{"stream", stream}});
    chunk_bytes_ = 0;
  } else {
    ++next_seq_;  // add() has taken the number of a chunk's first line
  }
  chunk_bytes_ += line.size();
  pending_bytes_ += line.size();
  pending_.back().lines.push_back(std::move(line));
}

std::vector<Event> RunLog::take() {
  pending_bytes_ = 0;
  chunk_bytes_ = 0;
  return std::exchange(pending_, {});
}

Task<> RunLog::lock() {
  while (locked_)
    co_await changed_.wait();
  locked_ = true;
}

void RunLog::unlock() {
  locked_ = false;
  changed_.notify();
}

Task<> RunLog::commit(Write write) {
  co_await lock();
  std::exception_ptr error;
  try {
    auto writing = write_until_done(std::move(write), take());
    co_await std::move(writing);
  } catch (...) {
    error = std::current_exception();
  }
  unlock();
  if (error) std::rethrow_exception(error);
}

Task<> RunLog::write_until_done(Write write, std::vector<Event> events) {
  while (true) {
    std::optional<Failure> away;
    try {
      co_await write(events);
      outage_.over();
      co_return;
    } catch (const LeaseLost&) {
      throw;
    } catch (const Failure& failure) {
      if (!failure.retryable() || abandon_.requested()) {
        // Their numbers are taken: later events must not be written without them.
        pending_.insert(pending_.begin(), events.begin(), events.end());
        throw;
      }
      away = failure;
    }
    co_await outage_.wait_after(*away);
  }
}

Task<Artifact> RunLog::store(ArtifactDraft draft) {
  const std::string step = draft.step;
  while (true) {
    std::optional<Failure> away;
    try {
      Artifact stored = co_await journal_.put_artifact(claim_, draft);
      outage_.over();
      add("artifact", step, artifact_event(stored));
      co_return stored;
    } catch (const LeaseLost&) {
      throw;
    } catch (const Failure& failure) {
      if (!failure.retryable() || abandon_.requested()) throw;
      away = failure;
    }
    co_await outage_.wait_after(*away);
  }
}

Task<> RunLog::flush() {
  if (pending_.empty()) co_return;
  Write write = [this](std::vector<Event> events) {
    return journal_.append(claim_, std::move(events));
  };
  co_await commit(std::move(write));
}

Task<> RunLog::keep_flushing() {
  while (!stopped_) {
    while (pending_.empty() && !stopped_)
      co_await changed_.wait();
    if (stopped_) break;
    co_await pause_for(limits_.flush_after);
    co_await flush();
  }
}

void RunLog::stop() {
  stopped_ = true;
  changed_.notify();
}

}  // namespace opsroom::engine
