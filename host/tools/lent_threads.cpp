#include "tools/lent_threads.hpp"

#include "base/failure.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <pthread.h>
#include <system_error>
#include <thread>
#include <utility>

namespace opsroom::tools {

/// Belongs to the threads too: it outlives the last of them.
struct LentThreads::State {
  explicit State(std::string called) : name(std::move(called)) {}

  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      changed.wait(lock, [this] { return over || !work.empty(); });
      --idle;
      if (work.empty()) break;
      auto next = std::move(work.front());
      work.pop_front();
      lock.unlock();
      next();
      next = nullptr;
      lock.lock();
    }
    --members;
  }

  const std::string name;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::function<void()>> work;
  std::size_t idle = 0;
  std::size_t members = 0;
  std::size_t most = 1;
  bool over = false;
};

LentThreads::LentThreads(std::string name) : state_(std::make_shared<State>(name.substr(0, 15))) {}

LentThreads::~LentThreads() {
  const std::lock_guard lock(state_->mutex);
  state_->over = true;
  state_->changed.notify_all();
}

void LentThreads::set_limit(std::size_t most) {
  const std::lock_guard lock(state_->mutex);
  state_->most = most;
}

void LentThreads::run(std::function<void()> work) {
  const std::lock_guard lock(state_->mutex);
  state_->work.push_back(std::move(work));
  state_->changed.notify_one();
  if (state_->idle >= state_->work.size() || state_->members >= state_->most) return;
  try {
    std::thread([state = state_] {
      ::pthread_setname_np(::pthread_self(), state->name.c_str());
      state->serve();
    }).detach();
    ++state_->members;
  } catch (const std::system_error& error) {
    state_->work.pop_back();
    throw Failure(
        Code::exhausted,
        std::string("no thread for the call: ") + error.what(),
        "Raise the limit of threads of the worker's user, or let fewer calls run at once."
    );
  }
}

bool LentThreads::stop(std::size_t lost) {
  const std::lock_guard lock(state_->mutex);
  state_->over = true;
  state_->changed.notify_all();
  return state_->members <= lost;
}

}  // namespace opsroom::tools
