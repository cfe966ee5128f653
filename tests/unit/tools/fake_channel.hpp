#pragma once

#include "base/json.hpp"
#include "tools/message_channel.hpp"

#include <deque>
#include <string>
#include <vector>

namespace opsroom::tools::test {

/// A channel whose other end is the test: it sees what was sent and says what comes.
class FakeChannel : public MessageChannel {
 public:
  explicit FakeChannel(asio::any_io_executor executor) : arrived_(std::move(executor)) {}

  /// Called for every message sent, as it leaves.
  std::function<void(const Json&)> on_send = [](const Json&) {};
  bool stuck = false;  ///< nothing leaves

  using MessageChannel::post;
  void post(std::shared_ptr<Outgoing> message) override {
    if (stuck) {
      waiting.push_back(std::move(message));
      return;
    }
    message->written = message->bytes.size();
    message->done = true;
    sent.push_back(Json::parse(message->bytes));
    on_send(sent.back());
  }

  bool withdraw(const Outgoing& message) override {
    return std::erase_if(waiting, [&](const auto& queued) { return queued.get() == &message; }) > 0;
  }

  std::size_t queued() const override { return waiting.size(); }

  Task<std::optional<Incoming>> next() override {
    while (incoming.empty() && !closed)
      co_await arrived_.wait();
    if (incoming.empty()) co_return std::nullopt;
    Incoming message = std::move(incoming.front());
    incoming.pop_front();
    co_return message;
  }

  void say(std::string text) {
    incoming.push_back({Incoming::Kind::message, std::move(text)});
    arrived_.notify();
  }
  void say(const Json& message) { say(message.dump()); }
  void say(const char* text) { say(std::string(text)); }

  void close() {
    closed = true;
    arrived_.notify();
  }

  std::vector<Json> sent;
  std::vector<std::shared_ptr<Outgoing>> waiting;
  std::deque<Incoming> incoming;
  bool closed = false;

 private:
  Signal arrived_;
};

}  // namespace opsroom::tools::test
