#include "app/part.hpp"

#include "base/failure.hpp"
#include "process/line_reader.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <csignal>
#include <utility>

namespace opsroom::app {
namespace {

constexpr std::size_t longest_line = 64u << 10;
constexpr std::chrono::seconds hurried_grace{5};

std::string describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& failure) {
    return failure.what();
  }
}

Task<std::optional<std::string>> first_line(std::shared_ptr<process::ChildProcess> child) {
  process::LineReader lines(child->out(), longest_line);
  co_return co_await lines.next();
}

}  // namespace

Part::Part(asio::any_io_executor executor, process::Spawner& spawner, Options options)
    : executor_(executor),
      spawner_(spawner),
      options_(std::move(options)),
      readers_(executor),
      wake_(executor),
      hurry_(executor) {}

Task<std::string> Part::start(Clock::duration deadline) {
  ready_line_ = co_await start_once(deadline);
  co_return ready_line_;
}

Task<std::string> Part::start_once(Clock::duration deadline) {
  last_words_.clear();
  auto starting = process::ChildProcess::start(spawner_, options_.spawn);
  std::shared_ptr<process::ChildProcess> child = co_await std::move(starting);
  if (stopping_) {
    // stop() has ended the one before and knows nothing of this one.
    child->kill();
    co_await child->gone();
    throw Failure(Code::canceled, fmt::format("{} is being stopped", options_.name));
  }
  child_ = std::move(child);
  readers_.start(pass_on_errors(child_), [name = options_.name](std::exception_ptr error) {
    spdlog::error("reading what {} says: {}", name, describe(error));
  });
  auto reading = first_line(child_);
  std::optional<std::optional<std::string>> line = co_await within(deadline, std::move(reading));
  if (line && *line) co_return **line;
  if (!line) {
    co_await child_->stop(std::chrono::seconds(1));
    throw Failure(Code::timeout, fmt::format("{} did not become ready in time", options_.name));
  }
  const process::ExitStatus status = co_await child_->exited();
  co_await readers_.wait_until_at_most(0);
  throw Failure(
      Code::unavailable, fmt::format("{} {}: {}", options_.name, status.text(), last_words_)
  );
}

Task<> Part::pass_on_errors(std::shared_ptr<process::ChildProcess> child) {
  process::LineReader lines(child->err(), longest_line);
  while (auto line = co_await lines.next()) {
    last_words_ = *line;
    options_.on_line(*line);
  }
}

Task<> Part::supervise() {
  Milliseconds pause{250};
  while (!stopping_) {
    const auto started = Clock::now();
    const process::ExitStatus status = co_await child_->exited();
    if (stopping_) break;
    if (Clock::now() - started > std::chrono::minutes(1)) pause = Milliseconds(250);
    spdlog::error("{} {}; starting it again in {} ms", options_.name, status.text(), pause.count());
    co_await wake_.wait_for(pause);
    pause = std::min<Milliseconds>(pause * 2, Milliseconds(15'000));
    if (stopping_) break;
    if (options_.argv_again) options_.spawn.argv = options_.argv_again(ready_line_);
    std::optional<std::string> failed;
    try {
      co_await start_once(std::chrono::seconds(30));
    } catch (const Failure& failure) {
      failed = failure.what();
    }
    if (failed && !stopping_) spdlog::error("{}", *failed);
  }
}

void Part::reread() {
  if (!stopping_ && child_ && !child_->exit_status()) ::kill(child_->pid(), SIGHUP);
}

Task<> Part::stop(Clock::duration grace) {
  stopping_ = true;
  wake_.notify();
  if (!child_) co_return;
  child_->terminate();
  auto ending = child_->gone();
  auto limit = grace_over(grace);
  bool gone = co_await before(std::move(limit), std::move(ending));
  if (!gone && hurry_.requested()) {
    child_->terminate();
    auto hurrying = child_->gone();
    gone = co_await within(hurried_grace, std::move(hurrying));
  }
  if (!gone) {
    spdlog::warn("{} did not end within its grace; killing it", options_.name);
    child_->kill();
    co_await child_->gone();
  }
  co_await readers_.wait_until_at_most(0);
}

Task<> Part::grace_over(Clock::duration grace) {
  auto hurried = hurry_.wait();
  co_await within(grace, std::move(hurried));
}

}  // namespace opsroom::app
