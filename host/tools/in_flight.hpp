#pragma once

#include "tools/exchange.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

namespace opsroom::tools {

/// The requests of one conversation that wait for their answers, by id. Ids come one after another
/// and most leave soon, so each has a place by its last digits; one that stays for long may keep
/// another from its place, which then goes to a map.
class InFlight {
 public:
  void add(std::shared_ptr<Exchange> exchange) {
    if (!others_.empty()) others_.erase(exchange->id);
    auto& place = place_of(exchange->id);
    if (place && place->id != exchange->id) {
      others_.emplace(exchange->id, exchange);
    } else {
      if (!place) ++placed_;
      place = std::move(exchange);
    }
  }

  /// Null when there is none. Valid until the next change.
  const std::shared_ptr<Exchange>* find(std::int64_t id) const {
    const auto& place = const_cast<InFlight&>(*this).place_of(id);
    if (place && place->id == id) return &place;
    if (others_.empty()) return nullptr;
    const auto found = others_.find(id);
    return found == others_.end() ? nullptr : &found->second;
  }

  void erase(std::int64_t id) {
    auto& place = place_of(id);
    if (place && place->id == id) {
      // Empty before its memory goes: that may end more than the exchange.
      const auto gone = std::move(place);
      --placed_;
    } else if (!others_.empty()) {
      others_.erase(id);
    }
  }

  std::size_t size() const { return placed_ + others_.size(); }

  template <class See>
  void for_each(See see) const {
    for (const auto& exchange : places_) {
      if (exchange) see(exchange);
    }
    for (const auto& [id, exchange] : others_)
      see(exchange);
  }

 private:
  std::shared_ptr<Exchange>& place_of(std::int64_t id) {
    return places_[static_cast<std::uint64_t>(id) % std::tuple_size_v<decltype(places_)>];
  }

  std::array<std::shared_ptr<Exchange>, 64> places_;
  std::size_t placed_ = 0;
  std::map<std::int64_t, std::shared_ptr<Exchange>> others_;
};

}  // namespace opsroom::tools
