#include "tools/redacting_listener.hpp"

namespace opsroom::tools {

Task<> RedactingListener::log(std::string stream, std::string text) {
  stream = redactor_->text(std::move(stream));
  auto [at, fresh] = streams_.try_emplace(stream, *redactor_);
  Stream& mine = at->second;
  std::string safe = std::exchange(mine.unfinished, {}) + mine.redacting.feed(text + "\n");
  const std::size_t end = safe.rfind('\n');
  if (end == std::string::npos) {
    mine.unfinished = std::move(safe);
    co_return;
  }
  mine.unfinished = safe.substr(end + 1);
  safe.resize(end);
  co_await listener_.log(std::move(stream), std::move(safe));
}

void RedactingListener::progress(double done, std::optional<double> total, std::string message) {
  listener_.progress(done, total, redactor_->text(std::move(message)));
}

Task<InputReply> RedactingListener::ask(InputAsk question, Milliseconds limit) {
  redactor_->json(question.params);
  auto asking = listener_.ask(std::move(question), limit);
  co_return co_await std::move(asking);
}

Task<InputReply> RedactingListener::ask_until(
    InputAsk question, Milliseconds limit, Stop& withdrawn
) {
  redactor_->json(question.params);
  auto asking = listener_.ask_until(std::move(question), limit, withdrawn);
  co_return co_await std::move(asking);
}

Task<> RedactingListener::finish() {
  for (auto& [name, stream] : streams_) {
    std::string rest = std::exchange(stream.unfinished, {}) + stream.redacting.finish();
    if (!rest.empty() && rest.back() == '\n') rest.pop_back();
    if (!rest.empty()) co_await listener_.log(name, std::move(rest));
  }
}

}  // namespace opsroom::tools
