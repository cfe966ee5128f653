#include "place.hpp"

namespace opsroom::tool::detail {

Place::Place(const Place& above, std::string_view key) : above_(&above), key_(key) {
  descend();
}

Place::Place(const Place& above, std::size_t index)
    : above_(&above), index_(index), element_(true) {
  descend();
}

void Place::descend() {
  depth_ = above_->depth_ + 1;
  if (depth_ > deepest)
    above_->refuse("is nested deeper than " + std::to_string(deepest) + " levels");
}

std::string Place::pointer() const {
  if (above_ == nullptr) return *pointer_;
  const std::string number = element_ ? std::to_string(index_) : std::string();
  return child(above_->pointer(), element_ ? std::string_view(number) : key_);
}

void Place::refuse(const std::string& reason) const {
  throw BadArguments(pointer(), reason);
}

}  // namespace opsroom::tool::detail
