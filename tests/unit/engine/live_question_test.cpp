#include "input_fixture.hpp"

namespace opsroom::engine {
namespace {

TEST_F(InputTest, ALiveQuestionIsShownAsWaitingAndItsTimeStandsStill) {
  plan("t.live", [](runbook::PlanStep& step) { step.timeout = 300ms; });
  tell([](InputTest& test) -> Task<> {
    co_await until_shown_as_waiting(test);
    co_await pause_for(600ms);
    test.desk.reply = InputReply{InputAction::accept, Json::object()};
  });
  EXPECT_EQ(books.last_step.output.at("heard"), "accept");
  EXPECT_EQ(books.told.back(), "finish succeeded");
  ASSERT_EQ(desk.asked.size(), 1u);
  EXPECT_EQ(desk.asked.at(0).step, "s1");
  EXPECT_EQ(desk.asked.at(0).tool, "t.live");
  EXPECT_EQ(desk.asked.at(0).limit, 10s);
}

TEST_F(InputTest, AStepIsShownAtWorkAgainWhenItsQuestionIsAnsweredAndItsTimeGoesOn) {
  toolbox.tools["t.live"] = [this](ToolCall, CallListener* listener, Stop* stop) {
    return [](FakeQueue& books, CallListener* listener, Stop* stop) -> Task<ToolResult> {
      auto asking = listener->ask(question("live"), 10'000ms);
      co_await std::move(asking);
      while (books.told.size() < 3)
        co_await pause_for(1ms);
      co_await stop->wait();
      ToolResult result;
      result.delivery = Delivery::unknown;
      co_return result;
    }(books, listener, stop);
  };
  plan("t.live", [](runbook::PlanStep& step) { step.timeout = 200ms; });
  tell([](InputTest& test) -> Task<> {
    co_await until_shown_as_waiting(test);
    test.desk.reply = InputReply{};
  });
  EXPECT_EQ(
      books.told,
      (Told{"step 1 running", "step 1 waiting", "step 1 running", "step 1 failed", "finish failed"})
  );
  EXPECT_EQ(books.last_end.error, "step 's1': timed out after 0.2 s");
  EXPECT_TRUE(books.gapless());
}

TEST_F(InputTest, ACancelEndsALiveQuestionAtOnce) {
  plan("t.live");
  tell([](InputTest& test) -> Task<> {
    co_await until_shown_as_waiting(test);
    test.leases.cancel(RunId{1});
  });
  EXPECT_EQ(books.told.back(), "finish canceled");
  EXPECT_EQ(books.last_step.delivery, "unknown");
}

TEST_F(InputTest, ALeaseLostWhileAPersonIsAskedEndsTheToolAndChangesNothingMore) {
  StopReason heard = StopReason::none;
  toolbox.tools["t.live"] = [&heard](ToolCall, CallListener* listener, Stop* stop) {
    return [](StopReason& heard, CallListener* listener, Stop* stop) -> Task<ToolResult> {
      Stop withdrawn(co_await asio::this_coro::executor);
      auto asking = listener->ask_until(question("live"), 10'000ms, withdrawn);
      co_await std::move(asking);
      heard = stop->reason();
      co_return answered({});
    }(heard, listener, stop);
  };
  plan("t.live");
  tell([](InputTest& test) -> Task<> {
    co_await until_shown_as_waiting(test);
    test.books.token_changed = true;
    test.desk.lost = true;
  });
  EXPECT_EQ(heard, StopReason::lease_lost);
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 waiting"}));
}

TEST_F(InputTest, AQuestionThatItsServerTakesBackIsOver) {
  toolbox.tools["t.live"] = [](ToolCall, CallListener* listener, Stop*) -> Task<ToolResult> {
    Stop withdrawn(co_await asio::this_coro::executor);
    withdrawn.request(StopReason::canceled);
    auto asking = listener->ask_until(question("live"), 10'000ms, withdrawn);
    const InputReply reply = co_await std::move(asking);
    co_return answered({{"heard", to_string(reply.action)}});
  };
  plan("t.live");
  tell();
  EXPECT_EQ(books.last_step.output.at("heard"), "cancel");
  EXPECT_EQ(books.told.back(), "finish succeeded");
}

TEST_F(InputTest, AQuestionThatNobodyCanBeAskedIsCancelledAndTheReasonIsInTheLog) {
  desk.broken = Failure(Code::unsupported, "there is no desk");
  plan("t.live");
  tell();
  EXPECT_EQ(books.last_step.output.at("heard"), "cancel");
  const auto noted = std::find_if(books.events.begin(), books.events.end(), [](const Event& event) {
    return event.kind == "note";
  });
  ASSERT_NE(noted, books.events.end());
  EXPECT_NE(noted->data.at("text").get<std::string>().find("there is no desk"), std::string::npos);
}

TEST_F(InputTest, AWorkerThatDiedWhileItsToolAskedLeavesAnInterruptedStep) {
  plan("t.live");
  Step row;
  row.position = 1;
  row.id = "s1";
  row.tool = "t.live";
  row.status = StepStatus::waiting;
  claimed.steps.push_back(row);
  tell();
  EXPECT_EQ(books.told, Told{"park s1"});
  EXPECT_TRUE(toolbox.calls.empty());
}

/// Dies under its first calls, as a server that is killed does; counts them all.
struct Dying {
  int calls = 0;
  int deaths = 1;

  FakeToolbox::Tool tool() {
    return [this](ToolCall, CallListener*, Stop*) -> Task<ToolResult> { return call(this); };
  }

  static Task<ToolResult> call(Dying* self) {
    if (++self->calls > self->deaths) co_return answered({});
    ToolResult result;
    result.delivery = Delivery::unknown;
    result.error = "killed by SIGKILL";
    co_return result;
  }
};

TEST_F(InputTest, AToolThatDiesWithTheOutcomeUnknownIsNotRepeatedButAskedAbout) {
  Dying dying;
  toolbox.tools["t.dies"] = dying.tool();
  plan("t.dies");
  tell();
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 interrupted", "park s1"}));
  EXPECT_EQ(books.last_step.delivery, "unknown");
  EXPECT_NE(books.last_question.find("killed by SIGKILL"), std::string::npos);
  EXPECT_EQ(dying.calls, 1);
}

TEST_F(InputTest, AToolThatDiesIsRepeatedWhereThatDoesNoHarmButNotForEver) {
  RunSessionOptions options;
  options.pause_before_repeat = 1ms;
  Dying dying;
  toolbox.tools["t.dies"] = dying.tool();
  toolbox.safe.insert("t.dies");
  plan("t.dies");
  tell({}, options);
  EXPECT_EQ(books.told.back(), "finish succeeded");
  EXPECT_EQ(dying.calls, 2);

  dying = {0, 100};
  claim_again();
  claimed.steps.clear();
  tell({}, options);
  EXPECT_EQ(books.told.back(), "finish failed");
  EXPECT_EQ(dying.calls, 1 + options.repeats);
}

}  // namespace
}  // namespace opsroom::engine
