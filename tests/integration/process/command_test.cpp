#include "integration/process/fixture.hpp"
#include "integration/process/stubborn_tree.hpp"
#include "process/trust.hpp"

#include <unistd.h>

namespace opsroom::process {
namespace {

using RunningACommand = Processes;

constexpr std::size_t ten_mebibytes = 10u << 20;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    text[i] = static_cast<char>((i * 7 + i / 251) & 0xff);
  return text;
}

/// The Failure a command ends with; fails the test when there is none.
Task<Failure> failure_of_command(Spawner& spawner, Command command) {
  try {
    co_await run_command(spawner, std::move(command));
  } catch (const Failure& failure) {
    co_return failure;
  }
  ADD_FAILURE() << "it ended well";
  co_return Failure(Code::internal, "it ended well");
}

TEST_F(RunningACommand, PassesTenMebibytesThroughItBothWays) {
  run([](Spawner& spawner) -> Task<> {
    Command echo = command(shell("exec cat"));
    echo.input = pattern(ten_mebibytes);
    const std::string expected = echo.input;
    const CommandResult result = co_await run_command(spawner, std::move(echo));
    EXPECT_TRUE(result.status.ok());
    EXPECT_TRUE(result.out == expected);
  });
}

TEST_F(RunningACommand, ReadsBothOutputsWhileItWrites) {
  run([](Spawner& spawner) -> Task<> {
    // Fills stderr before it reads anything: a reader of one stream at a time would hang.
    Command noisy = command(shell("head -c 1000000 /dev/zero >&2; cat; echo -n end >&2"));
    noisy.input = pattern(1'000'000);
    const std::string expected = noisy.input;
    const CommandResult result = co_await run_command(spawner, std::move(noisy));
    EXPECT_TRUE(result.out == expected);
    EXPECT_EQ(result.err.size(), 64u << 10);
    EXPECT_TRUE(result.err.ends_with("end"));
  });
}

TEST_F(RunningACommand, ThatDoesNotReadItsInputIsNoFailure) {
  run([](Spawner& spawner) -> Task<> {
    Command deaf = command(shell("echo done"));
    deaf.input = pattern(ten_mebibytes);
    const CommandResult result = co_await run_command(spawner, std::move(deaf));
    EXPECT_EQ(result.out, "done\n");
    EXPECT_TRUE(result.status.ok());
  });
}

TEST_F(RunningACommand, ThatClosesItsOutputAndGoesOnIsWaitedFor) {
  run([](Spawner& spawner) -> Task<> {
    const CommandResult result =
        co_await run_command(spawner, command(shell("exec >&- 2>&-; cat; exit 6")));
    EXPECT_EQ(result.status.code, 6);
  });
}

TEST_F(RunningACommand, LongerThanItsTimeKillsTheTree) {
  run([](Spawner& spawner) -> Task<> {
    Command slow = command(shell("trap '' TERM; sleep 1000 & sleep 1000"));
    slow.timeout = Milliseconds(100);
    const auto begin = Clock::now();
    const Failure failure = co_await failure_of_command(spawner, slow);
    EXPECT_EQ(failure.code(), Code::timeout);
    EXPECT_EQ(failure.message(), "'sh' did not end within 0.1 s");
    // Of a start that takes as long only the end is asked for; elsewhere it is waited for.
    while (!children_of(::getpid()).empty() && Clock::now() - begin < patience)
      co_await pause_for(Milliseconds(1));
    EXPECT_TRUE(children_of(::getpid()).empty());
  });
}

/// Starts the command, which writes its pid to `file`, and then freezes this host until it is gone,
/// or at once: it may not have heard of the start yet.
Task<> freeze_until_gone(Spawner& spawner, Command command, std::filesystem::path file) {
  TaskGroup beside(co_await asio::this_coro::executor);
  auto running = [](Spawner& helper, Command given) -> Task<> {
    co_await run_command(helper, std::move(given));
  }(spawner, std::move(command));
  beside.start(std::move(running), [](std::exception_ptr) {});
  pid_t pid = 0;
  while (pid == 0 && beside.running() > 0) {
    co_await pause_for(Milliseconds(1));
    std::ifstream(file) >> pid;
  }
  // On a machine that is too busy it is gone before it could say so.
  if (pid == 0) co_return;
  const auto give_up = Clock::now() + patience;
  while (!is_gone(pid) && Clock::now() < give_up)
    ::usleep(1000);
  EXPECT_TRUE(is_gone(pid)) << "it works on while its host is frozen";
  co_await beside.wait_until_at_most(0);
}

TEST_F(RunningACommand, LongerThanItsTimeDiesThoughItsHostIsFrozen) {
  run([](Spawner& spawner) -> Task<> {
    const auto file =
        std::filesystem::temp_directory_path() / ("opsroom-frozen-" + std::to_string(::getpid()));
    Command slow = command(shell("echo $$ > '" + file.string() + "'; exec sleep 1000"));
    slow.timeout = Milliseconds(500);
    co_await freeze_until_gone(spawner, std::move(slow), file);
    std::filesystem::remove(file);
  });
}

TEST_F(RunningACommand, DiesWithTheTrustItIsUnderThoughItsHostIsFrozen) {
  run([](Spawner& spawner) -> Task<> {
    const auto file =
        std::filesystem::temp_directory_path() / ("opsroom-trusted-" + std::to_string(::getpid()));
    Command slow = command(shell("echo $$ > '" + file.string() + "'; exec sleep 1000"));
    slow.timeout = std::chrono::hours(1);
    slow.trust = std::make_shared<Trust>();
    slow.trust->renew(Clock::now() + Milliseconds(500));
    co_await freeze_until_gone(spawner, std::move(slow), file);
    std::filesystem::remove(file);
  });
}

TEST_F(RunningACommand, WhoseCallerIsCancelledReturnsWhenTheTreeIsGone) {
  run([](Spawner& spawner) -> Task<> {
    const auto begin = Clock::now();
    auto running = run_command(spawner, command(shell(stubborn_tree)));
    const auto result = co_await within(Milliseconds(300), std::move(running));
    EXPECT_FALSE(result.has_value());
    EXPECT_TRUE(children_of(::getpid()).empty());
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(8));
  });
}

TEST_F(RunningACommand, WhoseDaemonHoldsItsOutputEndsWithTheProgram) {
  run([](Spawner& spawner) -> Task<> {
    const auto begin = Clock::now();
    const CommandResult result =
        co_await run_command(spawner, command(shell("(setsid sleep 1000 &); echo done")));
    EXPECT_EQ(result.out, "done\n");
    EXPECT_LT(Clock::now() - begin, std::chrono::seconds(10));
  });
}

TEST_F(RunningACommand, ThatWritesTooMuchIsKilled) {
  run([](Spawner& spawner) -> Task<> {
    Command endless = command(shell("exec yes"));
    endless.output_limit = 100'000;
    const Failure failure = co_await failure_of_command(spawner, endless);
    EXPECT_EQ(failure.code(), Code::exhausted);
    EXPECT_EQ(failure.message(), "'sh' wrote more than 100000 bytes to stdout");
  });
}

TEST_F(RunningACommand, ThatWritesExactlyTheLimitIsNot) {
  run([](Spawner& spawner) -> Task<> {
    Command full = command(shell("head -c 100000 /dev/zero"));
    full.output_limit = 100'000;
    const CommandResult result = co_await run_command(spawner, full);
    EXPECT_EQ(result.out.size(), 100'000u);
  });
}

TEST_F(RunningACommand, WithoutAProgramOrWithANulIsRefusedBeforeAnythingStarts) {
  run([](Spawner& spawner) -> Task<> {
    Command nothing;
    Failure failure = co_await failure_of_command(spawner, nothing);
    EXPECT_EQ(failure.code(), Code::invalid);
    Command with_nul = command(shell("true"));
    with_nul.spawn.argv.emplace_back("a\0b", 3);
    failure = co_await failure_of_command(spawner, with_nul);
    EXPECT_EQ(failure.message(), "cannot start 'sh': NUL in an argument");
  });
}

}  // namespace
}  // namespace opsroom::process
