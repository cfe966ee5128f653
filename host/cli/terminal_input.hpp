#pragma once

#include "base/files.hpp"

#include <array>
#include <streambuf>

namespace opsroom::cli {

/// Standard input that a waiting reader can be called away from: `interrupt()` from another thread
/// ends it as Ctrl-D would.
class TerminalInput : public std::streambuf {
 public:
  TerminalInput();

  /// Both what is typed and what is asked are seen by a person.
  static bool is_there();

  void interrupt();
  /// Whoever reads next waits again.
  void reset();

 protected:
  int_type underflow() override;

 private:
  Fd wake_;  ///< an eventfd
  std::array<char, 1024> buffer_{};
};

}  // namespace opsroom::cli
