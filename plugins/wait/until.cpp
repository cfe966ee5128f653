#include "until.hpp"

#include "common/pause.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>

namespace opsroom::plugins::wait {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t most_searched = std::size_t{1} << 20;

milliseconds millis(double seconds) {
  return milliseconds(std::llround(seconds * 1000));
}

double since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

std::string in_seconds(double seconds) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%.4g s", seconds);
  return text.data();
}

bool is_host(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte >= 0x80 || std::isalnum(byte) != 0 ||
           std::string_view("-._:[]").find(letter) != std::string_view::npos;
  });
}

void check(const UntilArgs& args) {
  if (args.url.has_value() == args.port.has_value())
    throw tool::BadArguments("", "give either \"url\" or \"port\"");
  if (args.port && (args.contains || !args.status.empty()))
    throw tool::BadArguments("/port", "a port has neither status nor contains");
  // Anything else would make another URL of it, with another port.
  if (args.port && !is_host(args.host))
    throw tool::BadArguments(
        "/host", "must be a host's name or address, got \"" + args.host + "\""
    );
  for (std::size_t i = 0; i < args.status.size(); ++i)
    if (args.status[i] < 100 || args.status[i] > 599)
      throw tool::BadArguments(
          "/status/" + std::to_string(i), "must be an HTTP status, 100 to 599"
      );
}

std::string host_and_port(const UntilArgs& args) {
  const bool bare_v6 = args.host.find(':') != std::string::npos && !args.host.starts_with('[');
  return (bare_v6 ? "[" + args.host + "]" : args.host) + ":" + std::to_string(*args.port);
}

/// One try after another, and what the last one found.
class Prober {
 public:
  Prober(const UntilArgs& args, const WebPolicy& policy, const tool::Call& call)
      : args_(args), policy_(policy), call_(call) {
    request_.url = args.url ? *args.url : "http://" + host_and_port(args);
    request_.connect_only = args.port.has_value();
    request_.max_bytes = UINT64_MAX;
    request_.sink = [this](std::string_view bytes) {
      seen_ += bytes.substr(0, most_searched - std::min(seen_.size(), most_searched));
      return args_.contains && !found() && seen_.size() < most_searched;
    };
  }

  /// Throws WebError when trying again is useless.
  bool ready(milliseconds patience) {
    seen_.clear();
    request_.timeout = std::max(patience, milliseconds(1));
    ++result.attempts;
    try {
      const WebAnswer answer = fetch(request_, policy_, call_);
      if (args_.url) result.status = answer.status;
      result.problem = what_is_wrong(answer);
    } catch (const WebError& error) {
      if (error.refused()) throw;
      result.problem = error.what();
    }
    return !result.problem;
  }

  UntilResult result;

 private:
  bool found() const { return seen_.find(*args_.contains) != std::string::npos; }

  std::optional<std::string> what_is_wrong(const WebAnswer& answer) const {
    if (args_.port) return std::nullopt;
    const auto& wanted = args_.status;
    const bool good = wanted.empty()
                          ? answer.status >= 200 && answer.status < 400
                          : std::find(wanted.begin(), wanted.end(), answer.status) != wanted.end();
    if (!good)
      return shown_url(request_.url) + " answers with status " + std::to_string(answer.status);
    if (args_.contains && !found())
      return shown_url(request_.url) + " answers without '" + *args_.contains + "'";
    return std::nullopt;
  }

  const UntilArgs& args_;
  const WebPolicy& policy_;
  const tool::Call& call_;
  WebRequest request_;
  std::string seen_;
};

}  // namespace

DurationResult duration(const DurationArgs& args, tool::Call& call) {
  const auto began = Clock::now();
  const auto until = began + millis(args.seconds);
  while (Clock::now() < until) {
    call.progress(since(began), args.seconds, "waiting");
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    pause(call, std::min(left, milliseconds(1000)));
  }
  call.checkpoint();
  return {since(began)};
}

tool::Outcome<UntilResult> until(const UntilArgs& args, const WebPolicy& policy, tool::Call& call) {
  check(args);
  Prober prober(args, policy, call);
  UntilResult& result = prober.result;
  const auto began = Clock::now();
  const auto deadline = began + millis(args.timeout_seconds);
  const auto left = [&] { return std::chrono::ceil<milliseconds>(deadline - Clock::now()); };
  double interval = args.interval_seconds;
  while (true) {
    const bool ready = prober.ready(std::min(left(), millis(args.attempt_seconds)));
    result.waited_seconds = since(began);
    if (ready) {
      result.ready = true;
      const std::string text = "ready after " + in_seconds(result.waited_seconds);
      return {std::move(result), text};
    }
    call.progress(
        result.waited_seconds,
        args.timeout_seconds,
        "try " + std::to_string(result.attempts) + ": " + *result.problem
    );
    pause(call, std::clamp(left(), milliseconds(0), millis(interval)));
    if (left() <= milliseconds(0)) break;
    interval = std::min(interval * args.backoff, args.max_interval_seconds);
  }
  const std::string text = "not ready after " + in_seconds(args.timeout_seconds) + " and " +
                           std::to_string(result.attempts) + " tries: " + *result.problem;
  return {std::move(result), text, true};
}

}  // namespace opsroom::plugins::wait
