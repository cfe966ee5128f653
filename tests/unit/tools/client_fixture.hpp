#pragma once

#include "tools/mcp_client.hpp"
#include "unit/tools/fake_channel.hpp"
#include "unit/tools/io.hpp"

#include <boost/asio/detached.hpp>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace opsroom::tools::test {

using namespace std::chrono_literals;

inline Task<> read_all(std::shared_ptr<McpClient> client) {
  co_await client->run();
}

/// Writes down what a call says, and answers its questions when the test says how.
class Listener : public CallListener {
 public:
  explicit Listener(asio::any_io_executor executor) : changed(std::move(executor)) {}

  Task<> log(std::string stream, std::string text) override {
    logs.push_back(stream + ": " + text);
    co_return;
  }
  void progress(double done, std::optional<double>, std::string) override {
    progresses.push_back(done);
  }
  Task<InputReply> ask(InputAsk question, Milliseconds limit) override {
    const std::string message = question.params.value("message", "");
    const auto until = Clock::now() + limit;
    asks.push_back(std::move(question));
    limits.push_back(limit);
    on_ask();
    while (!answers.contains(message)) {
      if (Clock::now() >= until) co_return InputReply{};
      co_await changed.wait_for(until - Clock::now());
    }
    co_return answers[message];
  }
  void answer(const std::string& message, InputReply reply) {
    answers[message] = std::move(reply);
    changed.notify();
  }

  std::vector<std::string> logs;
  std::vector<double> progresses;
  std::vector<InputAsk> asks;
  std::vector<Milliseconds> limits;
  std::map<std::string, InputReply> answers;  ///< by the question's message
  std::function<void()> on_ask = [] {};
  Signal changed;
};

/// A client whose server is the test.
class ClientTest : public ::testing::Test {
 protected:
  ClientTest() : channel(io.executor()), stop(io.executor()), listener(io.executor()) {
    options.title = "server 'x'";
    options.root = "/lane";
    options.probe_timeout = 20ms;
    options.opening_timeout = 1s;
  }

  ~ClientTest() override {
    channel.close();
    io.context().restart();
    io.context().run_for(100ms);
  }

  /// With the options as they are now.
  void make_client() {
    client = std::make_shared<McpClient>(io.executor(), channel, options);
    asio::co_spawn(io.executor(), read_all(client), asio::detached);
  }

  /// Answers every request of `method` with `body` (an object holding result or error).
  void answer(std::string method, Json body) { answers[std::move(method)] = std::move(body); }

  /// The next request of `method` is answered so; the last answer is given again and again.
  void then(const std::string& method, const std::string& body) {
    script[method].push_back(Json::parse(body));
  }

  void serve() {
    channel.on_send = [this](const Json& message) {
      const std::string method = message.value("method", "");
      if (!message.contains("id")) return;
      Json reply;
      auto& queue = script[method];
      if (!queue.empty()) {
        reply = queue.front();
        if (queue.size() > 1) queue.pop_front();
      } else if (answers.contains(method)) {
        reply = answers[method];
      } else {
        return;
      }
      reply["id"] = message["id"];
      reply["jsonrpc"] = "2.0";
      channel.say(reply);
    };
  }

  void open(Era era) {
    if (era == Era::modern) {
      if (!answers.contains("server/discover")) {
        answer(
            "server/discover", Json::parse(R"({"result":{"supportedVersions":["2026-07-28"]}})")
        );
      }
    } else {
      answer("server/discover", Json::parse(R"({"error":{"code":-32601,"message":"?"}})"));
      if (!answers.contains("initialize")) {
        answer(
            "initialize",
            Json::parse(R"({"result":{"protocolVersion":"2025-06-18","capabilities":{}}})")
        );
      }
    }
    serve();
    if (client == nullptr) make_client();
    io.run(client->open(std::nullopt));
    channel.sent.clear();
  }

  std::shared_ptr<CallSink> make_sink() {
    return std::make_shared<CallSink>(io.executor(), listener);
  }

  std::shared_ptr<Exchange> start_call() {
    call.arguments = Json::object();
    return client->start_call({call, "work", "/lane", 0, 0}, "{}", make_sink(), Clock::now());
  }

  /// What was sent with that method, or what answers that id.
  std::vector<Json> sent(const std::string& method) const {
    std::vector<Json> out;
    for (const Json& message : channel.sent) {
      if (message.value("method", "") == method) out.push_back(message);
    }
    return out;
  }
  Json reply_to(const Json& id) const {
    for (const Json& message : channel.sent) {
      if (!message.contains("method") && message["id"] == id) return message;
    }
    return nullptr;
  }

  /// Lets everything that is on its way arrive; waits for nothing.
  void settle() {
    io.context().restart();
    io.context().poll();
  }

  Wake wait(
      std::shared_ptr<Exchange> exchange, Clock::duration idle = 1s, Clock::duration total = 5s
  ) {
    return io.run(client->wait(std::move(exchange), {idle, Clock::now() + total}, stop));
  }

  ToolResult call_answered_with(const char* reply) {
    answer("tools/call", Json::parse(reply));
    const auto exchange = start_call();
    EXPECT_EQ(wait(exchange), Wake::answered);
    return client->result(*exchange);
  }

  Io io;
  FakeChannel channel;
  Stop stop;
  Listener listener;
  ClientOptions options;
  std::shared_ptr<McpClient> client;  ///< made by the first open()
  std::map<std::string, Json> answers;
  std::map<std::string, std::deque<Json>> script;
  ToolCall call;
};

}  // namespace opsroom::tools::test
