#pragma once
#include "common/secrets.hpp"
#include "common/web.hpp"

#include <cstdint>
#include <functional>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>

namespace opsroom::plugins::notify {

/// How hard to try, the same for every kind.
struct Patience {
  std::int64_t attempts = 4;
  double timeout_seconds = 10;
  double retry_seconds = 1;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("attempts", &Patience::attempts, "How often it is tried")
            .at_least(1)
            .at_most(10),
        tool::field("timeout_seconds", &Patience::timeout_seconds, "How long one try may take")
            .at_least(0.1)
            .at_most(120),
        tool::field("retry_seconds", &Patience::retry_seconds, "The first pause; it doubles")
            .at_least(0.01)
            .at_most(60)
    );
  }
};

/// What became of a notification.
struct Delivery {
  bool delivered = false;
  std::string delivery_id;
  std::int64_t attempts = 0;
  std::optional<int> status;
  std::string answer;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("delivered", &Delivery::delivered, "Whether it was taken"),
        tool::field("delivery_id", &Delivery::delivery_id, "The same for every try"),
        tool::field("attempts", &Delivery::attempts, "How often it was sent"),
        tool::field("status", &Delivery::status, "The last HTTP status; null: no answer"),
        tool::field("answer", &Delivery::answer, "The beginning of the last answer, or the error")
    );
  }
};

/// Sends what `compose` makes until it is taken (2xx), refused for good (most of 4xx), or the tries
/// are used up; waits between tries, at least as long as Retry-After says (at most a minute).
/// Throws tool::Cancelled.
tool::Outcome<Delivery> deliver(
    const std::string& delivery_id,
    const std::function<WebRequest()>& compose,
    const WebPolicy& policy,
    const Patience& patience,
    const Secrets& secrets,
    const tool::Call& call
);

}  // namespace opsroom::plugins::notify
