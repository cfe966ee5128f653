#include "tools/era_memory.hpp"

#include "base/failure.hpp"

#include <spdlog/spdlog.h>

namespace opsroom::tools {
namespace {

constexpr std::string_view modern_word = "modern";
constexpr std::string_view legacy_word = "legacy";

std::optional<Era> era_named(const std::optional<std::string>& word) {
  if (word == modern_word) return Era::modern;
  if (word == legacy_word) return Era::legacy;
  return std::nullopt;
}

}  // namespace

struct EraMemory::State {
  State(asio::any_io_executor io, ServerMemory* memory) : executor(io), durable(memory), work(io) {}

  /// `self` is held by the error handler too: the group counts a task down after the task itself
  /// has let go of everything.
  static void run(const std::shared_ptr<State>& self, Task<> task) {
    self->work.start(std::move(task), [self](std::exception_ptr error) {
      try {
        std::rethrow_exception(error);
      } catch (const std::exception& reason) {
        self->note(reason.what());
      }
    });
  }

  /// Said once: a database that is away is everybody's news already.
  void note(const char* reason) {
    if (!std::exchange(noted, true)) {
      spdlog::debug("the era of a server could not be looked up or kept: {}", reason);
    }
  }

  asio::any_io_executor executor;
  ServerMemory* durable;
  CommandPrinter printer;  ///< on the pool's one thread only
  BlockingPool pool{1, "opsroom-prints"};
  std::map<std::string, Era> eras;  ///< by fingerprint
  TaskGroup work;
  bool noted = false;
};

/// What one lookup has found so far.
struct EraMemory::Lookup::Finding {
  Finding(asio::any_io_executor executor, std::string named)
      : title(std::move(named)), over(std::move(executor)) {}

  std::string title;
  std::string fingerprint;  ///< empty: it could not be taken
  std::optional<Era> era;
  bool durable = false;  ///< `era` is what the database says
  bool ended = false;
  Signal over;
};

EraMemory::EraMemory(asio::any_io_executor executor, ServerMemory* durable)
    : state_(std::make_shared<State>(std::move(executor), durable)) {}

std::shared_ptr<EraMemory::Lookup> EraMemory::look_up(
    const SourceConfig& source, const process::SpawnSpec& spawn
) {
  auto lookup = std::make_shared<Lookup>(state_, source.title());
  State::run(state_, Lookup::look(state_, lookup->finding_, source, spawn));
  return lookup;
}

Task<> EraMemory::settle() {
  const std::shared_ptr<State> state = state_;
  co_await state->work.wait_until_at_most(0);
}

Task<> EraMemory::close(Clock::duration patience) {
  const std::shared_ptr<State> state = state_;
  state->durable = nullptr;
  auto ending = settle();
  co_await within(patience, std::move(ending));
}

EraMemory::Lookup::Lookup(std::shared_ptr<State> state, std::string title)
    : state_(std::move(state)),
      finding_(std::make_shared<Finding>(state_->executor, std::move(title))) {}

Task<> EraMemory::Lookup::look(
    std::shared_ptr<State> state,
    std::shared_ptr<Finding> finding,
    SourceConfig source,
    process::SpawnSpec spawn
) {
  try {
    const auto take = [&state, &source, &spawn] {
      return state->printer.print(source, spawn).digest();
    };
    auto printing = state->pool.run(take);
    finding->fingerprint = co_await std::move(printing);
    const auto known = state->eras.find(finding->fingerprint);
    if (known != state->eras.end()) {
      finding->era = known->second;
    } else if (state->durable != nullptr) {
      auto asking = state->durable->era(finding->fingerprint);
      const std::optional<std::string> word = co_await std::move(asking);
      finding->era = era_named(word);
      finding->durable = finding->era.has_value();
    }
  } catch (const std::exception& reason) {
    state->note(reason.what());
  }
  finding->ended = true;
  finding->over.notify();
}

Task<std::optional<Era>> EraMemory::Lookup::known(Clock::duration patience) {
  const std::shared_ptr<Finding> finding = finding_;
  const auto until = Clock::now() + patience;
  while (!finding->ended && Clock::now() < until)
    co_await finding->over.wait_for(until - Clock::now());
  co_return finding->era;
}

void EraMemory::Lookup::found(Era era) {
  State::run(state_, keep(state_, finding_, era));
}

void EraMemory::Lookup::was_wrong() {
  State::run(state_, drop(state_, finding_));
}

Task<> EraMemory::Lookup::keep(
    std::shared_ptr<State> state, std::shared_ptr<Finding> finding, Era era
) {
  while (!finding->ended)
    co_await finding->over.wait();
  if (finding->fingerprint.empty()) co_return;
  const auto known = state->eras.find(finding->fingerprint);
  const bool news = known == state->eras.end() || known->second != era;
  state->eras[finding->fingerprint] = era;
  const bool stored = finding->durable && finding->era == era;
  if (!news || stored || state->durable == nullptr) co_return;
  const std::string word(era == Era::modern ? modern_word : legacy_word);
  auto storing = state->durable->remember_era(finding->fingerprint, finding->title, word);
  co_await std::move(storing);
}

Task<> EraMemory::Lookup::drop(std::shared_ptr<State> state, std::shared_ptr<Finding> finding) {
  while (!finding->ended)
    co_await finding->over.wait();
  if (finding->fingerprint.empty()) co_return;
  state->eras.erase(finding->fingerprint);
  finding->era.reset();
  finding->durable = false;
  if (state->durable == nullptr) co_return;
  auto forgetting = state->durable->forget(finding->fingerprint);
  co_await std::move(forgetting);
}

}  // namespace opsroom::tools
