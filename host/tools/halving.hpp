#pragma once

#include <cstdint>

namespace opsroom::tools {

/// Whether requests that are made together leave in two halves. A peer on a processor of its own
/// works on the first one while the second is made. One that has to share ours takes it from us at
/// every write and gives it back when it is done, so that two writes are twice that and win
/// nothing: tried now and then, and remembered for a while. Io thread only.
class Halving {
 public:
  static constexpr int look_every = 16;  ///< first halves
  static constexpr int enough = 2;       ///< interruptions in a row
  static constexpr int term = 256;       ///< times that all leave together

  /// How often this thread has lost its processor to another one so far.
  static std::int64_t interruptions();

  explicit Halving(std::int64_t (*count)() = &interruptions) : count_(count) {}

  /// Asked for each half; false: it waits for the other one.
  bool apart() const { return together_ == 0; }

  /// Around the write of a first half.
  void before();
  void after();
  /// All have left.
  void all_left();

 private:
  std::int64_t (*count_)();
  std::int64_t counted_ = 0;
  int halves_ = 0;
  int interrupted_ = 0;
  int together_ = 0;
  bool looking_ = false;
};

}  // namespace opsroom::tools
