#include "integration/store/input_fixture.hpp"

namespace opsroom::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Suspending : public InputTest {};

TEST_F(Suspending, ARunLiesDownWithItsQuestionsAndFreesItsSlot) {
  const Run run = enqueue("A");
  const Run next = enqueue("A");
  const Claim held = claim_one().claim;
  suspend(held, {ask("name"), ask("age")}, {event(run.id, 3, "note")});
  const Run waiting = loop.wait(ledger.run(run.id));
  EXPECT_EQ(waiting.status, RunStatus::waiting);
  EXPECT_FALSE(waiting.claimed_by.has_value());
  EXPECT_TRUE(claim().empty());
  EXPECT_EQ(status(next.id), RunStatus::blocked) << "the lane stays taken";
  EXPECT_THAT(
      kinds(run.id),
      ElementsAre(
          "run.queued", "run.started", "note", "input.requested", "input.requested", "run.waiting"
      )
  );
  const Event asked = events(run.id)[3];
  EXPECT_EQ(asked.step, "s1");
  EXPECT_EQ(asked.data.at("key"), "name");
  EXPECT_EQ(asked.data.at("mode"), "form");
  EXPECT_EQ(asked.data.at("message"), "Your name?");
  EXPECT_EQ(asked.data.at("schema"), schema());
  EXPECT_EQ(asked.data.at("live"), false);
  EXPECT_EQ(events(run.id).back().data.at("question"), "the server asks");
  const auto open = loop.wait(ledger.inputs(run.id, true));
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open[0].ask.key, "age") << "newest first";
  EXPECT_EQ(open[1].tool, "exec.run");
  EXPECT_EQ(open[1].position, 1);
  EXPECT_EQ(loop.wait(ledger.steps(run.id))[0].resume, state());
  expect_dense(run.id);
}

TEST_F(Suspending, ARepetitionChangesNothing) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  for (int i = 0; i < 2; ++i)
    suspend(held, {ask("name")}, {event(run.id, 3, "note")});
  EXPECT_EQ(loop.wait(ledger.inputs(run.id, false)).size(), 1u);
  const std::size_t told = events(run.id).size();
  answer(only_question(run.id));
  suspend(held, {ask("name")}, {event(run.id, 3, "note")});
  EXPECT_EQ(status(run.id), RunStatus::queued) << "answered before the repetition came";
  EXPECT_EQ(events(run.id).size(), told + 2);
  expect_dense(run.id);
}

TEST_F(Suspending, GoesOnWithTheAnswersAfterARestartOfEverything) {
  const Run run = enqueue();
  suspend(claim_one().claim, {ask("name"), ask("age")});
  TestCluster::shared().stop_server();
  TestCluster::shared().start_server();
  store::Database other(options_for(db.url()));
  store::PgLedger books(other);
  const auto open = loop.wait(books.inputs(run.id, true));
  ASSERT_EQ(open.size(), 2u);
  loop.wait(books.answer_input(open[1].id, accept("Ann"), "ann"));
  EXPECT_EQ(status(run.id), RunStatus::waiting) << "one is open still";
  loop.wait(books.answer_input(open[0].id, InputReply{InputAction::decline, Json("x")}, "bob"));
  EXPECT_EQ(status(run.id), RunStatus::queued);
  TestCluster::shared().stop_server();
  TestCluster::shared().start_server();
  store::PgRunQueue another(other, std::chrono::seconds(30));
  const auto claimed = loop.wait(another.claim("w9", 5));
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed[0].claim.attempt, 2);
  ASSERT_EQ(claimed[0].steps.size(), 1u);
  EXPECT_EQ(claimed[0].steps[0].status, StepStatus::waiting);
  EXPECT_EQ(claimed[0].steps[0].resume, state());
  ASSERT_EQ(claimed[0].inputs.size(), 2u);
  EXPECT_EQ(claimed[0].inputs[0].ask.key, "name");
  EXPECT_EQ(claimed[0].inputs[0].reply.value().content, (Json{{"name", "Ann"}}));
  EXPECT_EQ(claimed[0].inputs[0].answered_by, "ann");
  EXPECT_EQ(claimed[0].inputs[1].reply.value().action, InputAction::decline);
  EXPECT_TRUE(claimed[0].inputs[1].reply->content.is_null());
  expect_dense(run.id);
}

TEST_F(Suspending, AnAnswerIsToldWithoutItsContent) {
  const Run run = enqueue();
  suspend(claim_one().claim, {ask("name")});
  answer(only_question(run.id), "Secret Name");
  const auto told = events(run.id);
  const Event& answered = told[told.size() - 2];
  EXPECT_EQ(answered.kind, "input.answered");
  EXPECT_EQ(answered.data.at("action"), "accept");
  EXPECT_EQ(answered.data.at("by"), "ann");
  EXPECT_EQ(told.back().kind, "run.queued");
  for (const Event& one : told)
    EXPECT_THAT(one.data.dump(), Not(HasSubstr("Secret")));
}

TEST_F(Suspending, OfTwoAnswersOneWins) {
  const Run run = enqueue();
  suspend(claim_one().claim, {ask("name")});
  const InputId question = only_question(run.id);
  answer(question);
  const Failure late = failure_of([&] { answer(question, "Eve"); });
  EXPECT_EQ(late.code(), Code::conflict);
  EXPECT_THAT(late.message(), HasSubstr("is answered already by ann"));
  EXPECT_EQ(claim_one().inputs[0].reply->content, (Json{{"name", "Ann"}}));
  EXPECT_EQ(failure_of([&] { answer(InputId{99}); }).code(), Code::not_found);
}

TEST_F(Suspending, OfManyAnswersAtOnceOneWins) {
  const Run run = enqueue();
  suspend(claim_one().claim, {ask("name")});
  const InputId question = only_question(run.id);
  std::atomic<int> won{0};
  std::atomic<int> lost{0};
  std::vector<std::jthread> people;
  for (int i = 0; i < 4; ++i) {
    people.emplace_back([&, i] {
      Loop own;
      store::Database mine(options_for(db.url(), 1));
      store::PgLedger books(mine);
      try {
        own.wait(books.answer_input(question, accept("P" + std::to_string(i)), "person"));
        ++won;
      } catch (const Failure& failure) {
        if (failure.code() == Code::conflict) ++lost;
      }
    });
  }
  people.clear();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, 3);
  EXPECT_EQ(status(run.id), RunStatus::queued);
  expect_dense(run.id);
}

TEST_F(Suspending, IsLookedAtAgainWhenItsTimeHasCome) {
  const Run run = enqueue();
  suspend(claim_one().claim, {}, {}, Milliseconds(3'600'000));
  EXPECT_TRUE(claim().empty());
  EXPECT_EQ(db.psql("select ops.wake_due_runs()"), "0");
  make_due(run.id);
  const ClaimedRun again = claim_one("w2");
  EXPECT_EQ(again.claim.run, run.id);
  EXPECT_TRUE(again.inputs.empty());
  EXPECT_EQ(again.steps.at(0).resume, state());
  EXPECT_EQ(db.psql("select look_again is null from ops.runs"), "t");
  expect_dense(run.id);
}

TEST_F(Suspending, WhatIsAskedAgainInTheSameWordsStaysTheSameQuestion) {
  const Run run = enqueue();
  suspend(claim_one().claim, {ask("name"), ask("age")}, {}, Milliseconds(3'600'000));
  make_due(run.id);
  const ClaimedRun second = claim_one();
  ASSERT_EQ(second.inputs.size(), 2u);
  EXPECT_TRUE(second.inputs[0].open());
  const InputId name = second.inputs[0].id;
  suspend(second.claim, {ask("name"), ask("town")}, {}, Milliseconds(3'600'000));
  const auto open = loop.wait(ledger.inputs(run.id, true));
  ASSERT_EQ(open.size(), 2u);
  EXPECT_EQ(open[0].ask.key, "town");
  EXPECT_EQ(open[1].id, name);
  EXPECT_EQ(failure_of([&] { answer(second.inputs[1].id); }).code(), Code::conflict)
      << "nobody asks for the age any more";
  expect_dense(run.id);
}

TEST_F(Suspending, AnAnswerThatComesWhileTheWorkerLooksIsNotAskedForAgain) {
  const Run run = enqueue();
  suspend(claim_one().claim, {ask("name")}, {}, Milliseconds(3'600'000));
  make_due(run.id);
  const ClaimedRun looking = claim_one();
  answer(looking.inputs.at(0).id);
  EXPECT_EQ(status(run.id), RunStatus::running);
  suspend(looking.claim, {ask("name")}, {event(run.id, looking.last_seq + 1, "note")});
  EXPECT_EQ(status(run.id), RunStatus::queued);
  const ClaimedRun third = claim_one();
  ASSERT_EQ(third.inputs.size(), 1u);
  EXPECT_TRUE(third.inputs[0].reply.has_value());
  EXPECT_THAT(kinds(run.id), Contains("note"));
  suspend(third.claim, {ask("name")});
  EXPECT_EQ(status(run.id), RunStatus::waiting) << "it has seen the answer and asks once more";
  EXPECT_EQ(loop.wait(ledger.inputs(run.id, false)).size(), 2u);
  expect_dense(run.id);
}

TEST_F(Suspending, WithoutAnythingToWaitForIsRefused) {
  enqueue();
  const Claim held = claim_one().claim;
  EXPECT_EQ(failure_of([&] { suspend(held, {}); }).code(), Code::invalid);
}

TEST_F(Suspending, ACanceledRunEndsInstead) {
  const Run run = enqueue("A");
  const Run next = enqueue("A");
  const Claim held = claim_one().claim;
  loop.wait(ledger.cancel(run.id, "ann"));
  for (int i = 0; i < 2; ++i)
    suspend(held, {ask("name")});
  EXPECT_EQ(status(run.id), RunStatus::canceled);
  EXPECT_EQ(loop.wait(ledger.steps(run.id))[0].status, StepStatus::canceled);
  EXPECT_TRUE(loop.wait(ledger.inputs(run.id, false)).empty());
  EXPECT_EQ(status(next.id), RunStatus::queued);
  expect_dense(run.id);
}

TEST_F(Suspending, CancelingEndsItAtOnceAndWithdrawsItsQuestions) {
  const Run run = enqueue("A");
  const Run next = enqueue("A");
  suspend(claim_one().claim, {ask("name")});
  const InputId question = only_question(run.id);
  EXPECT_EQ(loop.wait(ledger.cancel(run.id, "ann")).status, RunStatus::canceled);
  EXPECT_TRUE(loop.wait(ledger.input(question)).expired);
  EXPECT_THAT(
      failure_of([&] { answer(question); }).message(), HasSubstr("is over: it is canceled")
  );
  EXPECT_EQ(status(next.id), RunStatus::queued);
  EXPECT_THAT(kinds(run.id), Contains("input.closed"));
  expect_dense(run.id);
}

TEST_F(Suspending, ADecisionIsRefusedWithWhatIsAsked) {
  const Run run = enqueue();
  suspend(claim_one().claim, {ask("name")});
  for (const char* decision : {"retry", "skip", "fail"}) {
    const Failure refused = failure_of([&] { loop.wait(ledger.answer(run.id, decision, "ann")); });
    EXPECT_EQ(refused.code(), Code::conflict);
    EXPECT_EQ(
        refused.message(), "run 1 waits for input, not for a decision: exec.run asks \"Your name?\""
    );
    EXPECT_THAT(refused.hint(), HasSubstr("Answer question 1 with accept"));
  }
  EXPECT_EQ(status(run.id), RunStatus::waiting);
}

TEST_F(Suspending, ADecisionIsRefusedWithWhenItGoesOn) {
  const Run run = enqueue();
  suspend(claim_one().claim, {}, {}, Milliseconds(3'600'000));
  const Failure refused = failure_of([&] { loop.wait(ledger.answer(run.id, "retry", "ann")); });
  EXPECT_EQ(refused.message(), "run 1 waits for its tool, not for a decision");
  EXPECT_THAT(refused.hint(), HasSubstr("goes on by itself at 20"));
}

TEST_F(Suspending, IsFenced) {
  const Run run = enqueue();
  const Claim old = claim_one("w1").claim;
  let_lease_pass(run.id);
  const ClaimedRun again = claim_one("w2");
  EXPECT_THROW(suspend(old, {ask("name")}), LeaseLost);
  EXPECT_TRUE(loop.wait(ledger.inputs(run.id, false)).empty());
  EXPECT_EQ(status(run.id), RunStatus::running);
  suspend(again.claim, {ask("name")});
  EXPECT_THROW(write_step(again.claim, step(1, StepStatus::succeeded)), LeaseLost)
      << "a suspended run belongs to nobody";
  EXPECT_TRUE(loop.wait(queue.heartbeat("w2", {again.claim}))[0].lost);
  EXPECT_THROW(finish(again.claim), LeaseLost);
  EXPECT_THROW(finish(again.claim, RunStatus::failed), LeaseLost);
}

TEST_F(Suspending, DeadWorkersAndTheirReturnDoNotTouchIt) {
  loop.wait(queue.register_worker("w1", 4));
  const Run run = enqueue();
  suspend(claim_one("w1").claim, {ask("name")});
  store::PgRunQueue restarted(database, std::chrono::seconds(30));
  loop.wait(restarted.register_worker("w1", 4));
  EXPECT_EQ(db.psql("select ops.requeue_stuck_runs()"), "0");
  EXPECT_EQ(status(run.id), RunStatus::waiting);
  EXPECT_EQ(loop.wait(ledger.workers())[0].running, 0);
}

TEST(ServerMemory, RemembersAndForgets) {
  Loop loop;
  TestDatabase db;
  store::Database database(options_for(db.url()));
  store::PgServerMemory memory(database);
  EXPECT_EQ(loop.wait(memory.era("abc")), std::nullopt);
  loop.wait(memory.remember_era("abc", "npx thing", "legacy"));
  loop.wait(memory.remember_era("abc", "npx thing", "modern"));
  EXPECT_EQ(loop.wait(memory.era("abc")), "modern");
  EXPECT_EQ(loop.wait(memory.era("abd")), std::nullopt);
  loop.wait(memory.forget("abc"));
  EXPECT_EQ(loop.wait(memory.era("abc")), std::nullopt);
}

}  // namespace
}  // namespace opsroom::test
