#pragma once
#include "deliver.hpp"
#include "targets.hpp"

#include <nlohmann/json.hpp>

namespace opsroom::plugins::notify {

struct WebhookArgs : Patience {
  std::string event;
  tool::json data = tool::json::object();
  std::string to = "default";
  std::optional<std::string> url;
  std::optional<std::string> delivery_id;

  static constexpr auto fields() {
    return std::tuple_cat(
        tool::fields(
            tool::field("event", &WebhookArgs::event, "What happened, such as deploy.done")
                .not_empty(),
            tool::option("data", &WebhookArgs::data, "What the receiver should know"),
            tool::field("to", &WebhookArgs::to, "The target's name in the operator's config"),
            tool::field("url", &WebhookArgs::url, "The address itself, if the operator allows it"),
            tool::field(
                "delivery_id", &WebhookArgs::delivery_id, "An id of your own for this event"
            )
        ),
        Patience::fields()
    );
  }
};

struct SlackArgs : Patience {
  std::string text;
  tool::json blocks;
  std::string to = "default";
  std::optional<std::string> url;

  static constexpr auto fields() {
    return std::tuple_cat(
        tool::fields(
            tool::field("text", &SlackArgs::text, "The message, in Slack's mrkdwn").not_empty(),
            tool::option("blocks", &SlackArgs::blocks, "Block Kit; text is then the fallback"),
            tool::field("to", &SlackArgs::to, "The target's name in the operator's config"),
            tool::field("url", &SlackArgs::url, "The address itself, if the operator allows it")
        ),
        Patience::fields()
    );
  }
};

struct PokeArgs : Patience {
  std::string message;
  std::string to = "default";

  static constexpr auto fields() {
    return std::tuple_cat(
        tool::fields(
            tool::field("message", &PokeArgs::message, "What Poke is told").not_empty(),
            tool::field("to", &PokeArgs::to, "The account's name in the operator's config")
        ),
        Patience::fields()
    );
  }
};

tool::Outcome<Delivery> webhook(const WebhookArgs& args, const Targets& targets, tool::Call& call);
tool::Outcome<Delivery> slack(const SlackArgs& args, const Targets& targets, tool::Call& call);
tool::Outcome<Delivery> poke(const PokeArgs& args, const Targets& targets, tool::Call& call);

}  // namespace opsroom::plugins::notify
