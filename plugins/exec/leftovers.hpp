#pragma once
#include <string>

namespace opsroom::exec {

/// A value in the environment of one run's program, which everything it starts inherits: so what
/// left the process group is found too, unless it cleaned its environment or is another user's.
class Mark {
 public:
  static constexpr const char* variable = "OPSROOM_EXEC_MARK";

  Mark();
  const std::string& value() const noexcept { return value_; }

  /// Sends SIGKILL to every process that carries the mark, until no new one turns up.
  void kill_bearers() const;

 private:
  bool kill_all_found() const;

  std::string value_;
};

}  // namespace opsroom::exec
