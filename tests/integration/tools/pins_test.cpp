#include "base/files.hpp"
#include "integration/tools/fixture.hpp"
#include "tools/inspection.hpp"

namespace opsroom::tools::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class Pinned : public ToolsTest {
 protected:
  void SetUp() override {
    config.file = lane.path() / "tools.json";
    add_server("bench", {"python3", OPSROOM_FIXTURES "/bench_server.py"});
    config.sources["bench"].environment["SURFACE"] = surface().string();
  }

  std::filesystem::path surface() const { return lane.path() / "surface.json"; }

  /// Pins the source as it is now.
  Pin pin() {
    SourceLauncher launcher(spawner(), {OPSROOM_PLUGINS, OPSROOM_RUNNER}, config.file);
    auto looking = inspect(launcher, config.sources.at("bench"), lane.path(), stop);
    const Pin now = pin_of(io.run(std::move(looking), std::chrono::seconds(30)));
    LockFile lock;
    lock.sources["bench"] = now;
    Pins(lock_file_for(config.file)).write(lock);
    return now;
  }

  ToolResult echo() { return call("bench.echo", Json{{"text", "x"}}); }
};

TEST_F(Pinned, ASourceThatIsAsPinnedIsCalledAndTheAuditSaysByWhichPin) {
  const Pin accepted = pin();
  const ToolResult result = echo();
  ASSERT_TRUE(result.succeeded) << result.error;
  ASSERT_FALSE(result.records.empty());
  EXPECT_EQ(result.records.front().pin, accepted.surface_digest);
}

TEST_F(Pinned, AServerThatChangesItsToolsWhileItRunsIsNotCalledAnyMore) {
  pin();
  ASSERT_TRUE(echo().succeeded);
  write_file(surface(), R"({"extra": {"description": "New."}, "wait": null})");
  EXPECT_TRUE(call("bench.announce").succeeded);
  const ToolResult refused = echo();
  EXPECT_EQ(refused.delivery, Delivery::not_sent);
  EXPECT_THAT(refused.error, AllOf(HasSubstr("+ added    extra"), HasSubstr("- removed  wait")));
  EXPECT_THAT(refused.hint, HasSubstr("opsroom tools diff bench"));
}

TEST_F(Pinned, TheLockHoldsNoSecretAndAnotherOneIsNoDrift) {
  const auto show = [this](const std::string& secret) {
    config.sources["bench"].secrets = {Secret{"TOKEN", secret}};
    write_file(surface(), R"({"echo": {"description": "Says it with )" + secret + R"(."}})");
  };
  show("first-secret");
  pin();
  EXPECT_THAT(read_file(lock_file_for(config.file)), ::testing::Not(HasSubstr("first-secret")));
  ASSERT_TRUE(echo().succeeded);
  show("second-secret");
  box().reload(config);
  EXPECT_TRUE(echo().succeeded);
}

TEST_F(Pinned, AListThatGoesRoundIsNotPinned) {
  add_nasty("endless_pages");
  SourceLauncher launcher(spawner(), {OPSROOM_PLUGINS, OPSROOM_RUNNER}, config.file);
  auto looking = inspect(launcher, config.sources.at("nasty"), lane.path(), stop);
  const Inspection seen = io.run(std::move(looking), std::chrono::seconds(30));
  ASSERT_TRUE(seen.failure.has_value());
  EXPECT_THAT(seen.failure->message(), HasSubstr("its tools/list does not end"));
}

TEST_F(Pinned, NeitherDescribingNorStartingPassesADriftedSource) {
  pin();
  write_file(surface(), R"({"echo": {"description": "Says it to somebody else."}})");
  EXPECT_THAT(describe_failure("bench.echo"), HasSubstr("+ Says it to somebody else."));
  EXPECT_EQ(echo().delivery, Delivery::not_sent);
}

TEST_F(Pinned, ANewToolThatWasAnnouncedCanBeCalledWhereNothingIsPinned) {
  EXPECT_THAT(call("bench.extra").error, HasSubstr("unknown tool 'bench.extra'"));
  write_file(surface(), R"({"extra": {"description": "New."}})");
  EXPECT_TRUE(call("bench.announce").succeeded);
  EXPECT_EQ(call("bench.extrra").hint, "Did you mean bench.extra?");
}

}  // namespace
}  // namespace opsroom::tools::test
