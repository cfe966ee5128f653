#pragma once

#include <optional>
#include <string>
#include <vector>

namespace opsroom::bench {

/// One measured thing beside its floor: the same work in the least way this machine can do it,
/// measured in the same process, so that a ratio means the same on every machine.
struct Row {
  std::string what;
  std::string unit;  ///< "us", "ms": less is better; anything ending in "/s": more is better
  double ours = 0;
  double peer = 0;
  std::optional<double> goal;  ///< greatest ratio that is still good; none: shown only
};

/// How many times the peer's cost ours is.
double ratio(const Row& row);
bool is_good(const Row& row);

/// Prints rows as they come: a table for people, or one JSON object a line with `--json`.
class Report {
 public:
  /// Exits with 2 on an argument that is not `--json`.
  Report(std::string bench, std::string peer, int argc, char** argv);
  void add(const Row& row);
  /// 0 when every row with a goal has reached it, else 1.
  int exit_code() const { return all_good_ ? 0 : 1; }

 private:
  std::string bench_;
  bool json_ = false;
  bool all_good_ = true;
};

/// Sorts; the middle one.
double median(std::vector<double> values);

/// The rate of all turns together, each of which was as much work. For a machine between two moods,
/// where the middle turn would be of the one or of the other by chance.
double overall(const std::vector<double>& rates);

/// Seconds of a clock that only goes forward.
double seconds_now();

}  // namespace opsroom::bench
