#include "unit/engine/run_session_fixture.hpp"

// Calls of which nothing was sent are tried again, and no others.

namespace opsroom::engine {
namespace {

/// What became of a call whose server went away.
ToolResult gone(Delivery delivery) {
  ToolResult result;
  result.delivery = delivery;
  result.worth_another_try = delivery == Delivery::not_sent;
  result.error = "the server went away";
  result.records.push_back(CallRecord{});
  return result;
}

struct UnsentTest : RunSessionTest {
  int tries = 0;

  /// A tool that answers at its n-th try; whose server is gone at those before.
  void answers_at(int wanted, Delivery before) {
    toolbox.tools["t.flaky"] = [this, wanted, before](ToolCall, CallListener*, Stop*) {
      return ++tries < wanted ? at_once(gone(before)) : at_once(answer({{"value", tries}}));
    };
    plan({{"t.flaky", Json::object()}});
  }

  static Task<ToolResult> at_once(ToolResult result) { co_return result; }
};

TEST_F(UnsentTest, ACallThatWasNotSentIsTriedAgain) {
  answers_at(3, Delivery::not_sent);
  tell();
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 succeeded", "finish succeeded"}));
}

TEST_F(UnsentTest, ItIsTriedThreeTimesAtMost) {
  answers_at(4, Delivery::not_sent);
  tell();
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 failed", "finish failed"}));
}

TEST_F(UnsentTest, ACallThatMayHaveHappenedIsNotRepeated) {
  answers_at(2, Delivery::unknown);
  tell();
  EXPECT_EQ(tries, 1);
  EXPECT_EQ(books.told, (Told{"step 1 running", "step 1 interrupted", "park s1"}));
}

TEST_F(UnsentTest, ACallThatWasRejectedIsNotRepeated) {
  answers_at(2, Delivery::rejected);
  tell();
  EXPECT_EQ(tries, 1);
}

TEST_F(UnsentTest, AServerThatDiesAsItIsAskedForItsToolsIsAskedAgain) {
  answers_at(1, Delivery::not_sent);
  const Failure died(Code::unavailable, "killed by SIGKILL", "", true);
  toolbox.describe_failures = {died, died};
  tell();
  EXPECT_EQ(books.told.back(), "finish succeeded");
  toolbox.describe_failures = {died, died, died};
  books.told.clear();
  tell();
  EXPECT_EQ(books.told, Told{"finish failed"});
}

}  // namespace
}  // namespace opsroom::engine
