#include "base/text.hpp"
#include "tools/invocation.hpp"
#include "tools/lent_text.hpp"

#include <fmt/format.h>

#include <cmath>

// What a plugin may call during an invocation. No exception may get back into it.

namespace opsroom::tools {

void Invocation::lend_functions() {
  lent_.cancelled = [](void* host) -> int32_t { return self(host).cancelled_.load() ? 1 : 0; };
  lent_.log = [](void* host, int32_t level, opsroom_text logger, opsroom_text message) {
    taken([&] { self(host).log(level, copy(logger), copy(message)); });
  };
  lent_.progress = [](void* host, double done, double total, opsroom_text message) {
    taken([&] { self(host).progress(done, total, copy(message)); });
  };
  lent_.artifact = [](void* host, opsroom_text name, opsroom_text type, opsroom_text bytes) {
    opsroom_status status = OPSROOM_BAD_ARGUMENTS;
    taken([&] { status = self(host).artifact(copy(name), copy(type), copy(bytes)); });
    return status;
  };
  lent_.need_input = [](void* host, opsroom_text requests, opsroom_text state) {
    taken([&] { self(host).need_input(copy(requests), copy(state)); });
  };
  lent_.result = [](void* host, opsroom_text text) {
    taken([&] { self(host).result(copy(text)); });
  };
  lent_.extension = [](void*, const char* id) { return extension(id); };
}

void Invocation::log(int level, std::string logger, std::string text) {
  std::unique_lock lock(mutex_);
  if (over() || text.empty()) return;
  const bool known = level >= OPSROOM_DEBUG && level <= OPSROOM_ERROR;
  if ((known ? level : OPSROOM_INFO) < given_.log_from) return;
  room_.wait(lock, [this] { return waiting_bytes_ < most_waiting || cancelled_ || closed_; });
  if (over()) return;
  waiting_bytes_ += text.size();
  Utterance said;
  said.stream = logger.empty() ? given_.tool : std::move(logger);
  said.text = std::move(text);
  waiting_.push_back(std::move(said));
  bell_->ring();
}

void Invocation::progress(double done, double total, std::string text) {
  const std::lock_guard lock(mutex_);
  if (over() || !std::isfinite(done)) return;
  if (last_progress_ && done <= *last_progress_) return;
  last_progress_ = done;
  Utterance said;
  said.text = printable_utf8(text);
  said.done = done;
  if (total > 0 && std::isfinite(total)) said.total = total;
  // Of progress only the last word counts.
  const bool follows = !waiting_.empty() && waiting_.back().stream.empty();
  if (follows) {
    waiting_.back() = std::move(said);
  } else {
    waiting_.push_back(std::move(said));
  }
  bell_->ring();
}

opsroom_status Invocation::artifact(std::string name, std::string type, std::string bytes) {
  const std::lock_guard lock(mutex_);
  if (over()) return OPSROOM_CANCELLED;
  if (name.empty() || bytes.size() > given_.most_bytes - artifact_bytes_) {
    Utterance why;
    why.stream = given_.tool;
    why.text = fmt::format(
        "an artifact was refused: it needs a name, and those of a call may have {} bytes together",
        given_.most_bytes
    );
    waiting_.push_back(std::move(why));
    bell_->ring();
    return OPSROOM_BAD_ARGUMENTS;
  }
  artifact_bytes_ += bytes.size();
  ArtifactDraft draft;
  draft.kind = "file";
  draft.name = printable_utf8(name);
  draft.media_type = type.empty() ? "application/octet-stream" : printable_utf8(type);
  draft.content = std::move(bytes);
  artifacts_.push_back(std::move(draft));
  return OPSROOM_OK;
}

void Invocation::need_input(std::string requests, std::string state) {
  const std::lock_guard lock(mutex_);
  if (over()) return;
  if (requests_) misbehave("it asked for input twice in one invocation");
  requests_ = std::move(requests);
  state_ = std::move(state);
}

void Invocation::result(std::string text) {
  const std::lock_guard lock(mutex_);
  if (closed_) return misbehave("it handed in a result after invoke() had returned");
  if (result_) return misbehave("it handed in two results");
  result_ = std::move(text);
}

}  // namespace opsroom::tools
