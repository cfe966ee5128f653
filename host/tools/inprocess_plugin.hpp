#pragma once

#include "base/stop.hpp"
#include "tools/inprocess_library.hpp"
#include "tools/invocation.hpp"
#include "tools/lent_threads.hpp"
#include "tools/waiting_line.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace opsroom::tools {

/// One instance of a plugin in this very process, with threads of its own: the io thread never
/// waits for it. One that misbehaves or does not come back is retired. Io thread only.
class InprocessPlugin : public std::enable_shared_from_this<InprocessPlugin> {
 public:
  using Tools = std::shared_ptr<const std::vector<Json>>;

  /// What its owner hears.
  struct Listener {
    std::function<void(const std::string& why)> on_retired;  ///< once
    std::function<void(bool at_once)> on_lost_thread;
  };

  /// `config` is what the plugin is created with, as JSON text.
  InprocessPlugin(
      asio::any_io_executor executor, InprocessFile file, std::string config, Listener listener
  );
  ~InprocessPlugin();

  /// Loads the library and creates the instance unless that was done; a failure is tried anew by
  /// the next who asks. Throws Failure, at `until` and when `stop` comes too.
  Task<> open(Clock::time_point until, Stop& stop);

  // Of an open one
  const Tools& tools() const { return tools_; }  ///< as in tools/list
  bool promises_structure(const std::string& tool) const;
  bool concurrent() const;
  std::string identity() const;  ///< "echo 1.0.0 (in process)"
  /// Where calls wait for a thread, of which there are `most`.
  WaitingLine& line(std::size_t most);

  /// Starts an entry on a thread; `on_ring` is called when there is something new of it, until the
  /// result is let go of. Throws Failure.
  std::shared_ptr<Invocation> enter(Invocation::Given given, std::function<void()> on_ring);

  void retire(std::string why);
  /// A thread does not come back from the plugin. `at_once`: what it does there is harmful.
  void lose_thread(std::string why, bool at_once);

  /// Destroys the instance, when nothing is at work in it, and lets its threads go; does not wait
  /// for lost ones.
  Task<> close();

 private:
  struct Opening;
  /// An entry, and whoever waits for it.
  struct Entry {
    std::shared_ptr<Invocation> invocation;
    std::shared_ptr<Bell> bell;
  };

  std::shared_ptr<Opening> begin_opening();
  void take(Opening& opening);
  void look_at(Invocation& invocation);
  void forget_old_entries();

  asio::any_io_executor executor_;
  InprocessFile file_;
  std::string config_;
  Listener listener_;
  LentThreads threads_;
  WaitingLine line_;
  std::shared_ptr<Opening> opening_;
  const opsroom_plugin* plugin_ = nullptr;
  void* instance_ = nullptr;
  Tools tools_;
  std::deque<Entry> entries_;  ///< under way, and ended ones that the plugin may still know
  std::string retired_;        ///< why
  std::size_t lost_ = 0;
};

}  // namespace opsroom::tools
