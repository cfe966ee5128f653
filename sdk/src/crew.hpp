#pragma once
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>

namespace opsroom::sdk {

/// Threads of which one leads: it takes what comes in, and does the work it brings itself, so that
/// a short call never changes threads. Before work it hands over; when the work takes longer than
/// a moment, the thread that watches takes the lead, and another one watches.
class Crew {
 public:
  /// `lead` takes one thing, on the thread that leads; false when nothing more will come. It must
  /// not throw.
  explicit Crew(std::function<bool()> lead) : lead_(std::move(lead)) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Throws std::system_error when there can be no thread.
  void start();

  /// Within lead(): what follows may take long. Leading goes on without this thread if need be.
  void hand_over();

  /// Does `act`, which must not block, if somebody is about to take the lead, and returns what it
  /// does; false, undone, when it has been taken already.
  bool before_the_lead(const std::function<bool()>& act);

  /// Asks all to leave, those that work once they are done. False when some have not left in time:
  /// then this object must not go away.
  bool finish(std::chrono::milliseconds patience);

 private:
  using Member = std::uint64_t;
  static constexpr Member nobody = 0;
  static constexpr std::chrono::microseconds moment{500};
  static constexpr int quiet_moments = 40;  ///< after so many the watcher sleeps until it is woken
  static constexpr int most_spares = 4;

  void add_member();
  void serve();
  bool win_the_lead(std::unique_lock<std::mutex>& lock, Member me);
  bool become_watcher(std::unique_lock<std::mutex>& lock, Member me);
  void watch_for_a_moment(std::unique_lock<std::mutex>& lock, int& quiet);

  const std::function<bool()> lead_;
  std::mutex mutex_;
  std::condition_variable watching_;
  std::condition_variable sparing_;
  std::condition_variable left_;
  Member last_member_ = nobody;
  Member leader_ = nobody;
  Member watcher_ = nobody;
  std::uint64_t handed_over_ = 0;  ///< how often
  int members_ = 0;
  int spares_ = 0;
  bool dormant_ = false;
  bool over_ = false;
};

}  // namespace opsroom::sdk
