#include "deliver.hpp"

#include "common/pause.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <opsroom/text.hpp>

namespace opsroom::plugins::notify {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t most_told = 500;
constexpr milliseconds longest_pause{60000};

bool worth_another_try(int status) {
  return status == 408 || status == 425 || status == 429 || status >= 500;
}

/// Seconds only: the other form, a date, is rare and needs a clock that agrees.
milliseconds retry_after(const WebAnswer& answer) {
  const std::string text = answer.header("retry-after");
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 0, 60));
}

std::string beginning(const std::string& text) {
  const std::string clean = printable_utf8(text);
  return clean.substr(0, whole_characters(std::string_view(clean).substr(0, most_told)));
}

class Attempts {
 public:
  Attempts(const WebPolicy& policy, const Secrets& secrets, const tool::Call& call)
      : policy_(policy), secrets_(secrets), call_(call) {}

  /// True when there is no use in another one.
  bool once(WebRequest request, milliseconds timeout) {
    request.method = "POST";
    request.timeout = timeout;
    request.max_bytes = std::uint64_t{1} << 20;
    ++made.attempts;
    at_least_ = milliseconds(0);
    made.status.reset();
    try {
      const WebAnswer answer = fetch(request, policy_, call_);
      made.status = answer.status;
      made.answer = secrets_.redacted(beginning(answer.body));
      made.delivered = answer.status >= 200 && answer.status < 300;
      at_least_ = retry_after(answer);
      return !worth_another_try(answer.status);
    } catch (const WebError& error) {
      made.answer = secrets_.redacted(std::string(error.what()));
      return error.refused();
    }
  }

  milliseconds at_least() const { return at_least_; }

  Delivery made;

 private:
  const WebPolicy& policy_;
  const Secrets& secrets_;
  const tool::Call& call_;
  milliseconds at_least_{0};
};

std::string in_words(const Delivery& made) {
  const std::string tries =
      std::to_string(made.attempts) + (made.attempts == 1 ? " try" : " tries");
  if (made.delivered) return "delivered after " + tries;
  const std::string status = made.status ? "status " + std::to_string(*made.status) + ": " : "";
  return "not delivered after " + tries + ": " + status + made.answer;
}

}  // namespace

tool::Outcome<Delivery> deliver(
    const std::string& delivery_id,
    const std::function<WebRequest()>& compose,
    const WebPolicy& policy,
    const Patience& patience,
    const Secrets& secrets,
    const tool::Call& call
) {
  Attempts attempts(policy, secrets, call);
  attempts.made.delivery_id = delivery_id;
  const milliseconds timeout(std::llround(patience.timeout_seconds * 1000));
  auto wait = milliseconds(std::llround(patience.retry_seconds * 1000));
  while (!attempts.once(compose(), timeout) && attempts.made.attempts < patience.attempts) {
    call.progress(
        static_cast<double>(attempts.made.attempts),
        static_cast<double>(patience.attempts),
        in_words(attempts.made)
    );
    pause(call, std::max(wait, attempts.at_least()));
    wait = std::min(wait * 2, longest_pause);
  }
  const bool failed = !attempts.made.delivered;
  std::string text = in_words(attempts.made);
  return {std::move(attempts.made), std::move(text), failed};
}

}  // namespace opsroom::plugins::notify
