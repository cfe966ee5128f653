#include "base/files.hpp"
#include "integration/tools/fixture.hpp"

#include <boost/asio/detached.hpp>

#include <signal.h>

// How servers are kept, ended, left alone and replaced.

namespace opsroom::tools::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A call that goes on beside others.
struct Pending {
  explicit Pending(asio::any_io_executor executor) : stop(executor), changed(executor) {
    recorder.on_sign = [this] {
      begun = true;
      changed.notify();
    };
  }

  Recorder recorder;
  Stop stop;
  Signal changed;
  bool begun = false;  ///< the server has said so
  bool ended = false;
  ToolResult result;
};

Task<> perform(RunTools& tools, ToolCall call, std::shared_ptr<Pending> pending) {
  auto calling = tools.call(std::move(call), pending->recorder, pending->stop);
  pending->result = co_await std::move(calling);
  pending->ended = true;
  pending->changed.notify();
}

Task<> until_begun(std::shared_ptr<Pending> pending) {
  while (!pending->begun && !pending->ended)
    co_await pending->changed.wait();
}

Task<> until_ended(std::shared_ptr<Pending> pending) {
  while (!pending->ended)
    co_await pending->changed.wait();
}

/// Until no process has this pid; the fixture's own deadline ends a wait in vain.
Task<> death_of(int pid) {
  while (::kill(pid, 0) == 0)
    co_await pause_for(1ms);
}

class Supervision : public ToolsTest {
 protected:
  SourceConfig& add(const std::string& mode, Scope scope = Scope::host, std::string name = "it") {
    return add_server(std::move(name), {"python3", OPSROOM_FIXTURES "/supervised.py", mode}, scope);
  }

  int pid() {
    const ToolResult result = call("it.work");
    EXPECT_TRUE(result.succeeded) << result.error;
    return result.output.value("pid", 0);
  }

  std::shared_ptr<Pending> begin(Json arguments, Clock::duration timeout = 30s) {
    const auto pending = std::make_shared<Pending>(io.executor());
    ToolCall made = make_call("it.work", std::move(arguments));
    made.timeout = std::chrono::duration_cast<Milliseconds>(timeout);
    asio::co_spawn(io.executor(), perform(run_tools(), std::move(made), pending), asio::detached);
    return pending;
  }

  void wait_until_begun(const std::shared_ptr<Pending>& pending) {
    io.run(until_begun(pending), 30s);
  }
  ToolResult end_of(const std::shared_ptr<Pending>& pending) {
    io.run(until_ended(pending), 40s);
    return pending->result;
  }
};

TEST_F(Supervision, AServerThatKeepsDyingIsLeftAlone) {
  SourceConfig& source = add("legacy");
  source.environment["COUNT"] = (lane.path() / "count").string();
  source.argv = {
      "sh", "-c", "echo x >> $COUNT; exec python3 " OPSROOM_FIXTURES "/supervised.py legacy"
  };
  for (int i = 0; i < 5; ++i) {
    const ToolResult result = call("it.work", Json{{"die", 9}});
    ASSERT_THAT(result.error, HasSubstr("server 'it' exited with 9")) << i;
    ASSERT_EQ(result.delivery, Delivery::unknown);
  }
  const double ms = milliseconds([&] {
    const ToolResult refused = call("it.work");
    EXPECT_EQ(refused.delivery, Delivery::not_sent);
    EXPECT_THAT(
        refused.error,
        AllOf(
            HasSubstr("server 'it' keeps failing and is left alone for now"),
            HasSubstr("exited with 9"),
            HasSubstr("boom")
        )
    );
    EXPECT_THAT(refused.hint, HasSubstr("The next try is in"));
  });
  EXPECT_LT(ms, soon(2000));
  EXPECT_EQ(read_file(lane.path() / "count"), "x\nx\nx\nx\nx\n") << "no sixth was started";
}

TEST_F(Supervision, ACallWhoseServerDiedAsItStartedIsWorthAnotherTry) {
  // A death on the probe of its era is none yet: it may be legacy, and is started as that.
  add_server(
      "it",
      {"sh",
       "-c",
       "test -e second && exec python3 " OPSROOM_FIXTURES
       "/input_server.py modern; test -e first && touch second; touch first; kill -9 $$"}
  );
  const ToolResult first = call("it.where");
  EXPECT_TRUE(first.worth_another_try);
  EXPECT_EQ(first.delivery, Delivery::not_sent);
  EXPECT_THAT(first.error, HasSubstr("killed by SIGKILL"));
  const ToolResult second = call("it.where");
  EXPECT_TRUE(second.succeeded) << second.error;
}

TEST_F(Supervision, CancelledCallsAreNoDeaths) {
  add("legacy", Scope::lane);
  for (int i = 0; i < 7; ++i) {
    const auto pending = begin(Json{{"hang", true}});
    wait_until_begun(pending);
    pending->stop.request(StopReason::canceled);
    EXPECT_TRUE(end_of(pending).canceled);
  }
  EXPECT_GT(pid(), 0);
}

TEST_F(Supervision, AFrozenServerIsKilledAndTheNextCallGetsANewOne) {
  add("legacy").concurrency = 4;
  const int frozen = pid();
  const auto other = begin(Json{{"hang", true}});
  wait_until_begun(other);
  ::kill(frozen, SIGSTOP);
  const auto late = begin(Json::object(), 300ms);
  EXPECT_TRUE(end_of(late).timed_out);
  EXPECT_NE(pid(), frozen);
  const ToolResult lost = end_of(other);
  EXPECT_EQ(lost.delivery, Delivery::unknown);
  EXPECT_THAT(
      lost.error,
      HasSubstr(
          "server 'it' was killed: it answered neither a call nor a question for a sign of life"
      )
  );
  EXPECT_FALSE(exists(frozen));
}

TEST_F(Supervision, OneTimeoutDoesNotTakeALivingServerDown) {
  for (const char* mode : {"legacy", "modern"})
    add(mode, Scope::host, mode);
  for (const char* mode : {"legacy", "modern"}) {
    const std::string tool = std::string(mode) + ".work";
    const int before = call(tool).output.value("pid", 0);
    call_timeout = 200ms;
    EXPECT_TRUE(call(tool, Json{{"hang", true}}).timed_out) << mode;
    call_timeout = {};
    EXPECT_EQ(call(tool).output.value("pid", 0), before) << mode;
  }
}

TEST_F(Supervision, AnIdleServerIsStoppedAndStartedAgainForTheNextCall) {
  add("legacy").idle = 30ms;
  const int first = pid();
  io.run(death_of(first));
  EXPECT_NE(pid(), first);
}

TEST_F(Supervision, AServerAtWorkIsNotIdle) {
  add("legacy").idle = 10ms;
  const auto pending = begin(Json{{"overlap", 0.3}});
  const ToolResult result = end_of(pending);
  EXPECT_TRUE(result.succeeded) << result.error;
}

TEST_F(Supervision, AnOldServerIsReplacedWhenItsCallsAreOver) {
  SourceConfig& source = add("legacy");
  source.max_lifetime = 50ms;
  source.concurrency = 2;
  const auto pending = begin(Json{{"overlap", 0.5}});
  const ToolResult result = end_of(pending);
  ASSERT_TRUE(result.succeeded) << result.error;
  const int old = result.output.value("pid", 0);
  io.run(death_of(old));
  EXPECT_NE(pid(), old);
}

TEST_F(Supervision, CallsOfALegacyServerTakeTurns) {
  add("legacy");
  const auto first = begin(Json{{"overlap", 0.2}});
  const auto second = begin(Json{{"overlap", 0.2}});
  EXPECT_EQ(end_of(first).output.value("overlapped", true), false);
  EXPECT_EQ(end_of(second).output.value("overlapped", true), false);
}

TEST_F(Supervision, SixtyLanesShareOneServerOneAfterAnother) {
  add("legacy").concurrency = 1;
  std::vector<std::unique_ptr<RunTools>> lanes;
  std::vector<std::shared_ptr<Pending>> calls;
  for (int i = 0; i < 60; ++i) {
    lanes.push_back(box().open(lane.path()));
    calls.push_back(std::make_shared<Pending>(io.executor()));
    ToolCall made = make_call("it.work", Json{{"overlap", 0.001}});
    made.timeout = Milliseconds(60'000);
    auto performing = perform(*lanes.back(), std::move(made), calls.back());
    asio::co_spawn(io.executor(), std::move(performing), asio::detached);
  }
  std::set<int> pids;
  for (const auto& pending : calls) {
    io.run(until_ended(pending), 60s);
    EXPECT_TRUE(pending->result.succeeded) << pending->result.error;
    EXPECT_EQ(pending->result.output.value("overlapped", true), false);
    pids.insert(pending->result.output.value("pid", 0));
  }
  EXPECT_EQ(pids.size(), 1U);
  for (const auto& tools : lanes)
    io.run(tools->close());
}

TEST_F(Supervision, CallsOfAModernServerAndOfAConfiguredOneGoSideBySide) {
  for (const char* mode : {"modern", "legacy"}) {
    add(mode).concurrency =
        std::string(mode) == "legacy" ? std::optional<std::size_t>(2) : std::nullopt;
    box().reload(config);
    const auto first = begin(Json{{"overlap", 30}});
    const auto second = begin(Json{{"overlap", 30}});
    EXPECT_EQ(end_of(first).output.value("overlapped", false), true) << mode;
    EXPECT_EQ(end_of(second).output.value("overlapped", false), true) << mode;
  }
}

TEST_F(Supervision, ACallWhoseTurnDoesNotComeInTimeWasNotSent) {
  add("legacy");
  const auto first = begin(Json{{"hang", true}});
  wait_until_begun(first);
  const ToolResult waited = end_of(begin(Json::object(), 100ms));
  EXPECT_EQ(waited.delivery, Delivery::not_sent);
  EXPECT_TRUE(waited.timed_out);
  EXPECT_THAT(waited.error, HasSubstr("server 'it' was busy with 1 other call"));
  const auto third = begin(Json::object());
  io.run(pause_for(1ms));
  third->stop.request(StopReason::canceled);
  const ToolResult canceled = end_of(third);
  EXPECT_EQ(canceled.delivery, Delivery::not_sent);
  EXPECT_TRUE(canceled.canceled);
  first->stop.request(StopReason::canceled);
  end_of(first);
}

TEST_F(Supervision, AReloadDrainsWhatHasChangedAndKeepsTheRest) {
  add("legacy");
  add_server("same", {"python3", OPSROOM_FIXTURES "/supervised.py", "legacy"}, Scope::host);
  const int same = call("same.work").output.value("pid", 0);
  const auto pending = begin(Json{{"overlap", 0.5}});
  wait_until_begun(pending);
  config.sources.at("it").environment["NEW"] = "1";
  box().reload(config);
  const int renewed = pid();
  const ToolResult finished = end_of(pending);
  EXPECT_TRUE(finished.succeeded) << finished.error;
  const int old = finished.output.value("pid", 0);
  EXPECT_NE(renewed, old);
  io.run(death_of(old));
  EXPECT_EQ(call("same.work").output.value("pid", 0), same);
  config.sources.erase("it");
  box().reload(config);
  EXPECT_THAT(call("it.work").error, HasSubstr("there is no source 'it'"));
  io.run(death_of(renewed));
}

TEST_F(Supervision, AReloadReachesTheServersOfALaneToo) {
  add("legacy", Scope::lane);
  const int first = pid();
  box().reload(config);
  EXPECT_EQ(pid(), first);
  config.sources.at("it").environment["NEW"] = "1";
  box().reload(config);
  EXPECT_NE(pid(), first);
  io.run(death_of(first));
}

TEST_F(Supervision, AVerdictThatHoldsNoLongerIsFoundAnew) {
  write_file(lane.path() / "era", "legacy");
  add("by_file", Scope::step).environment["ERA"] = (lane.path() / "era").string();
  EXPECT_GT(pid(), 0);
  write_file(lane.path() / "era.starts", "");
  EXPECT_GT(pid(), 0);
  EXPECT_EQ(read_file(lane.path() / "era.starts"), "x") << "it is known, and not probed again";
  write_file(lane.path() / "era", "modern");
  EXPECT_GT(pid(), 0);
  write_file(lane.path() / "era.starts", "");
  EXPECT_GT(pid(), 0);
  EXPECT_EQ(read_file(lane.path() / "era.starts"), "x");
}

TEST_F(Supervision, ASmallerMessageLimitIsTheServersOwn) {
  add("legacy").max_message = 64u << 10;
  const ToolResult large = call("it.work", Json{{"size", 100'000}});
  EXPECT_FALSE(large.succeeded);
  EXPECT_THAT(large.error, HasSubstr("larger than the limit"));
  EXPECT_GT(pid(), 0);
}

TEST_F(Supervision, ASourceWithoutItsSecretSaysSoAndTheOthersWork) {
  const Json document = Json::parse(R"({"mcpServers": {"broken": {"command": "python3",
      "env": {"TOKEN": "${env:OPSROOM_NOT_SET}"}}}, "plugins": {}})");
  add("legacy");
  config.sources["broken"] =
      parse_tools_config(document, lane.path() / "tools.json").sources.at("broken");
  const ToolResult refused = call("broken.work");
  EXPECT_EQ(refused.delivery, Delivery::not_sent);
  EXPECT_THAT(refused.error, HasSubstr("the environment variable OPSROOM_NOT_SET is not set"));
  EXPECT_THAT(describe_failure("broken.work"), HasSubstr("Set OPSROOM_NOT_SET"));
  EXPECT_GT(pid(), 0);
}

/// Everything that a call shows to anybody.
std::string shown(const ToolResult& result, const Recorder& recorder) {
  std::string all = dump(result.output) + result.error + result.hint;
  for (const auto& artifact : result.artifacts)
    all += artifact.name + artifact.media_type + artifact.content + dump(artifact.meta);
  for (const auto& record : result.records)
    all += *record.server;
  for (const auto& [stream, text] : recorder.logs)
    all += stream + text;
  return all;
}

TEST_F(Supervision, SecretsAreShownNowhere) {
  const std::string token = "hunter2-swordfish";
  SourceConfig& source = add("tells_secrets", Scope::lane);
  source.environment["TOKEN"] = token;
  source.secrets = {Secret{"TOKEN", token}};
  for (const char* how : {"well", "isError", "error", "die"}) {
    recorder.logs.clear();
    const std::string all = shown(call("it.work", Json{{"how", how}}), recorder);
    EXPECT_THAT(all, Not(HasSubstr(token))) << how;
    EXPECT_THAT(all, HasSubstr("[redacted:TOKEN]")) << how;
    EXPECT_THAT(recorder.text("stderr"), HasSubstr("stderr [redacted:TOKEN]")) << how;
  }
}

}  // namespace
}  // namespace opsroom::tools::test
