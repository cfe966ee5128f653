#pragma once

#include "integration/tools/fixture.hpp"

#include <map>
#include <string>
#include <vector>

namespace opsroom::tools::test {

inline InputReply accept(Json content) {
  return InputReply{InputAction::accept, std::move(content)};
}

/// A person who has an answer for each message, or none and lets the time run out.
class AskingRecorder : public Recorder {
 public:
  Task<InputReply> ask(InputAsk question, Milliseconds limit) override {
    const std::string message = question.params.value("message", "");
    asked.push_back(std::move(question));
    Count count(open);
    on_ask();
    const auto until = Clock::now() + limit;
    while (!answers.contains(message) || static_cast<int>(asked.size()) < only_together) {
      if (Clock::now() >= until) co_return InputReply{};
      co_await pause_for(std::chrono::milliseconds(2));
    }
    co_return answers[message];
  }

  std::map<std::string, InputReply> answers;  ///< by message
  std::vector<InputAsk> asked;
  int only_together = 0;  ///< answers nothing before so many were asked
  int open = 0;
  std::function<void()> on_ask = [] {};

 private:
  struct Count {
    explicit Count(int& counted) : count(counted) { ++count; }
    Count(const Count&) = delete;
    ~Count() { --count; }
    int& count;
  };
};

}  // namespace opsroom::tools::test
