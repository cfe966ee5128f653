#pragma once

#include "base/async.hpp"
#include "process/child_process.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace opsroom::process {

/// How long processes may work without a word from the host: shared by whoever renews it and what
/// is started under it, those still starting included. Io thread only.
class Trust {
 public:
  /// Passes a new end on to every process covered.
  void renew(Clock::time_point until);

  /// How long a process started now would have; none: there is no end yet.
  std::optional<Clock::duration> left() const;

  /// Puts a process under the current end and all later ones.
  void cover(const std::shared_ptr<ChildProcess>& child);

  /// A process covered was killed because the end had come.
  void note_ran_out() { ++times_ran_out_; }
  int times_ran_out() const { return times_ran_out_; }

 private:
  std::optional<Clock::time_point> until_;
  std::vector<std::weak_ptr<ChildProcess>> children_;
  int times_ran_out_ = 0;
};

}  // namespace opsroom::process
