#include "cli/follow.hpp"

#include "support/web/fake_ledger.hpp"
#include "support/web/fakes.hpp"

#include <gtest/gtest.h>

namespace opsroom::cli {
namespace {

using testing::FakeCredentials;
using testing::FakeLedger;
using testing::FakeWakeups;

/// A follower of run 1, which waits for a person.
class Following : public ::testing::Test {
 protected:
  Following() {
    run = ledger.add_run(ledger.add_session("first"), "A", RunStatus::waiting);
    Event& asked = ledger.add_event(run, "input.requested");
    asked.data = {{"id", 5}, {"tool", "forms.ask"}, {"message", "Who\x1b[31m?"}};
    step.position = 1;
    step.id = "ask";
    step.status = StepStatus::waiting;
  }

  void follow() {
    ledger.step_rows[run] = {step};
    auto following = follow_run(
        Books{io.get_executor(), ledger, credentials, news},
        run,
        0,
        true,
        [this](const Event& event) { heard(event); }
    );
    asio::co_spawn(io, std::move(following), [this](std::exception_ptr error, opsroom::Run end) {
      failed = error;
      ended = std::move(end);
    });
    io.run_for(std::chrono::seconds(30));
  }

  void heard(const Event& event) {
    said.push_back(event_text(event, false));
    if (event.kind != "input.requested" || !answer) return;
    // The next moment somebody answers, and the run succeeds.
    asio::post(io, [this] {
      ledger.add_event(run, "input.answered").data = {{"action", "accept"}, {"by", "ada"}};
      ledger.add_event(run, "run.finished").data = {{"status", "succeeded"}};
      ledger.run_rows[run].status = RunStatus::succeeded;
      wakeups.tell(run);
    });
  }

  asio::io_context io{1};
  FakeLedger ledger{io.get_executor()};
  FakeCredentials credentials;
  FakeWakeups wakeups;
  NewsDesk news{io.get_executor(), wakeups};
  RunId run;
  Step step;
  bool answer = true;
  std::vector<std::string> said;
  std::exception_ptr failed;
  std::optional<opsroom::Run> ended;
};

TEST_F(Following, AQuestionIsToldAndWaitedOut) {
  follow();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, RunStatus::succeeded);
  EXPECT_EQ(
      said,
      (std::vector<std::string>{
          "? waits for an answer: Who\\x1b[31m? (`opsroom answer 1`)",
          "? answered by ada: accept",
          "● succeeded",
      })
  );
}

TEST_F(Following, ADecisionAboutAnInterruptedStepEndsIt) {
  step.status = StepStatus::interrupted;
  answer = false;
  follow();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->status, RunStatus::waiting);
  EXPECT_EQ(exit_code_of(ended->status), 3);
}

}  // namespace
}  // namespace opsroom::cli
