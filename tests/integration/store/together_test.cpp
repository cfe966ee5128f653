#include "integration/store/input_fixture.hpp"

namespace opsroom::test {
namespace {

/// Many lanes of one worker that write at the same time.
class Together : public InputTest {
 protected:
  static constexpr int lanes = 12;
  std::vector<Claim> held;
  std::vector<std::future<void>> writes;

  void SetUp() override {
    for (int i = 0; i < lanes; ++i)
      enqueue("L" + std::to_string(i));
    for (const ClaimedRun& claimed : claim(lanes))
      held.push_back(claimed.claim);
    ASSERT_EQ(held.size(), static_cast<std::size_t>(lanes));
    db.psql(
        "create table public.transactions (id xid8 primary key);"
        "create function public.count() returns trigger language plpgsql as $$ begin"
        " insert into public.transactions values (pg_current_xact_id()) on conflict do nothing;"
        " return null; end $$;"
        "create trigger count after insert or update on ops.run_steps"
        " for each row execute function public.count()"
    );
  }
  void start(Task<> write) {
    writes.push_back(asio::co_spawn(loop.context, std::move(write), asio::use_future));
  }
  void start_step(const Claim& claim, int position, StepStatus status, std::int64_t seq) {
    StepChange change{step(position, status), {event(claim.run, seq, "step.started")}};
    start(queue.write_step(claim, std::move(change)));
  }
  /// Which of the writes failed, by their message.
  std::vector<std::string> failures() {
    std::vector<std::string> all;
    for (std::future<void>& write : writes) {
      loop.run_until([&] {
        return write.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
      });
      try {
        write.get();
      } catch (const std::exception& error) {
        all.emplace_back(error.what());
      }
    }
    writes.clear();
    return all;
  }
};

TEST_F(Together, ManyLanesShareATransaction) {
  for (const Claim& claim : held)
    start_step(claim, 1, StepStatus::running, 3);
  EXPECT_THAT(failures(), testing::IsEmpty());
  EXPECT_LE(std::stoi(db.psql("select count(*) from public.transactions")), 3);
  EXPECT_EQ(db.psql("select count(*) from ops.run_steps where status = 'running'"), "12");
  for (const Claim& claim : held)
    expect_dense(claim.run);
}

TEST_F(Together, OneLostLeaseFailsNobodyElse) {
  let_lease_pass(held[3].run);
  EXPECT_EQ(claim_one("w2").claim.run, held[3].run);
  for (const Claim& claim : held)
    start_step(claim, 1, StepStatus::running, 3);
  const auto failed = failures();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_THAT(failed[0], testing::HasSubstr("is not held by this worker any more"));
  EXPECT_EQ(db.psql("select count(*) from ops.run_steps"), "11");
  EXPECT_LE(std::stoi(db.psql("select count(*) from public.transactions")), 3);
}

TEST_F(Together, ABadWriteHarmsNoNeighbour) {
  for (std::size_t i = 0; i < held.size(); ++i)
    start_step(held[i], 1, StepStatus::running, i == 5 ? 9 : 3);
  const auto failed = failures();
  ASSERT_EQ(failed.size(), 1u);
  EXPECT_THAT(failed[0], testing::HasSubstr("would leave a gap"));
  EXPECT_EQ(db.psql("select count(*) from ops.run_steps"), "11");
}

TEST_F(Together, StepsAndEndsOfTheSameRunKeepTheirOrder) {
  for (const Claim& claim : held) {
    start_step(claim, 1, StepStatus::running, 3);
    start_step(claim, 1, StepStatus::succeeded, 4);
    start(queue.finish(claim, RunEnd{RunStatus::succeeded, {}, {}}, {event(claim.run, 5, "note")}));
  }
  EXPECT_THAT(failures(), testing::IsEmpty());
  for (const Claim& claim : held) {
    EXPECT_EQ(status(claim.run), RunStatus::succeeded);
    EXPECT_EQ(loop.wait(ledger.steps(claim.run)).at(0).status, StepStatus::succeeded);
    expect_dense(claim.run);
  }
}

TEST_F(Together, AnOutageIsToldToAllAndEachMayRepeat) {
  TestCluster::shared().stop_server();
  for (const Claim& claim : held)
    start_step(claim, 1, StepStatus::running, 3);
  EXPECT_EQ(failures().size(), held.size());
  TestCluster::shared().start_server();
  for (const Claim& claim : held)
    start_step(claim, 1, StepStatus::running, 3);
  EXPECT_THAT(failures(), testing::IsEmpty());
  EXPECT_EQ(db.psql("select count(*) from ops.run_steps"), "12");
}

}  // namespace
}  // namespace opsroom::test
