#include "tools/halving.hpp"

#include <sys/resource.h>
#include <utility>

namespace opsroom::tools {

std::int64_t Halving::interruptions() {
  rusage usage{};
  return ::getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

void Halving::before() {
  looking_ = ++halves_ >= look_every || interrupted_ > 0;
  if (looking_) counted_ = count_();
}

void Halving::after() {
  if (!std::exchange(looking_, false)) return;
  halves_ = 0;
  interrupted_ = count_() > counted_ ? interrupted_ + 1 : 0;
  if (interrupted_ == enough) {
    interrupted_ = 0;
    together_ = term;
    halves_ = look_every - 1;
  }
}

void Halving::all_left() {
  if (together_ > 0) --together_;
}

}  // namespace opsroom::tools
