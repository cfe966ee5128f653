#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

namespace opsroom::tools {

/// Threads for work that may never return: none is ever waited for without a deadline, and one that
/// does not come back is left behind. As many as there is work at once, up to a limit (1 at first);
/// they stay until the end.
class LentThreads {
 public:
  /// `name` shows in ps and gdb (15 characters).
  explicit LentThreads(std::string name);
  /// Idle threads leave; what still works does so when it is done.
  ~LentThreads();
  LentThreads(const LentThreads&) = delete;
  LentThreads& operator=(const LentThreads&) = delete;

  /// From now on.
  void set_limit(std::size_t most);

  /// Runs `work`, which must not throw, as soon as a thread is there for it. Any thread.
  /// Failure{exhausted} when there can be no thread.
  void run(std::function<void()> work);

  /// No more work is taken; what was given is done. True once no more than `lost` many threads are
  /// left.
  bool stop(std::size_t lost);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace opsroom::tools
