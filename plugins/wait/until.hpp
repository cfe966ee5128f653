#pragma once
#include "common/web.hpp"

#include <cstdint>
#include <map>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::plugins::wait {

struct DurationArgs {
  double seconds = 0;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("seconds", &DurationArgs::seconds, "How long").at_least(0).at_most(86400)
    );
  }
};

struct DurationResult {
  double waited_seconds = 0;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("waited_seconds", &DurationResult::waited_seconds, "How long it was")
    );
  }
};

struct UntilArgs {
  std::optional<std::string> url;
  std::optional<int> port;
  std::string host = "127.0.0.1";
  std::vector<int> status;
  std::optional<std::string> contains;
  double timeout_seconds = 60;
  double interval_seconds = 1;
  double backoff = 1;
  double max_interval_seconds = 30;
  double attempt_seconds = 10;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("url", &UntilArgs::url, "Wait until this address answers a GET"),
        tool::field("port", &UntilArgs::port, "Or: wait until this TCP port accepts a connection")
            .at_least(1)
            .at_most(65535),
        tool::field("host", &UntilArgs::host, "Whose port"),
        tool::option("status", &UntilArgs::status, "The statuses that count; none: 200 to 399"),
        tool::field("contains", &UntilArgs::contains, "A text that the answer must contain"),
        tool::field("timeout_seconds", &UntilArgs::timeout_seconds, "After that it has failed")
            .at_least(0.1)
            .at_most(86400),
        tool::field("interval_seconds", &UntilArgs::interval_seconds, "Pause after the first try")
            .at_least(0.05)
            .at_most(3600),
        tool::field("backoff", &UntilArgs::backoff, "Each pause is so much longer than the last")
            .at_least(1)
            .at_most(10),
        tool::field("max_interval_seconds", &UntilArgs::max_interval_seconds, "The longest pause")
            .at_least(0.05)
            .at_most(3600),
        tool::field("attempt_seconds", &UntilArgs::attempt_seconds, "How long one try may take")
            .at_least(0.1)
            .at_most(600)
    );
  }
};

struct UntilResult {
  bool ready = false;
  std::int64_t attempts = 0;
  double waited_seconds = 0;
  std::optional<int> status;
  std::optional<std::string> problem;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("ready", &UntilResult::ready, "Whether it answered as wanted"),
        tool::field("attempts", &UntilResult::attempts, "How often it was tried"),
        tool::field("waited_seconds", &UntilResult::waited_seconds, "How long it took"),
        tool::field("status", &UntilResult::status, "The last HTTP status"),
        tool::field("problem", &UntilResult::problem, "What was wrong at the last try")
    );
  }
};

DurationResult duration(const DurationArgs& args, tool::Call& call);
tool::Outcome<UntilResult> until(const UntilArgs& args, const WebPolicy& policy, tool::Call& call);

}  // namespace opsroom::plugins::wait
