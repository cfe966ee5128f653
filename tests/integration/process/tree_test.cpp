#include "base/files.hpp"
#include "integration/process/fixture.hpp"
#include "integration/process/stubborn_tree.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/read.hpp>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace opsroom::process {
namespace {

using ATree = Processes;

/// Everything is dead, and nobody holds the pipe any more.
Task<> expect_all_gone(ChildProcess& child, std::vector<pid_t> pids) {
  for (const pid_t pid : pids)
    EXPECT_TRUE(is_gone(pid)) << pid;
  boost::system::error_code error;
  std::string rest(64, '\0');
  auto token = asio::redirect_error(asio::use_awaitable, error);
  co_await asio::async_read(child.out(), asio::buffer(rest), token);
  EXPECT_EQ(error, asio::error::eof);
}

TEST_F(ATree, ThatIgnoresTermIsKilledWithItsDaemon) {
  run([](Spawner& spawner) -> Task<> {
    const auto child = co_await ChildProcess::start(spawner, shell(stubborn_tree));
    LineReader lines(child->out(), 64);
    const auto pids = co_await read_pids(lines, stubborn_tree_size);
    EXPECT_EQ(pids[0], child->pid());
    child->kill();
    co_await child->gone();
    EXPECT_EQ(child->exit_status()->text(), "killed by SIGKILL");
    co_await expect_all_gone(*child, pids);
  });
}

TEST_F(ATree, ThatIgnoresEveryRequestIsStoppedAfterItsGrace) {
  run([](Spawner& spawner) -> Task<> {
    const auto child = co_await ChildProcess::start(spawner, shell(stubborn_tree));
    LineReader lines(child->out(), 64);
    const auto pids = co_await read_pids(lines, stubborn_tree_size);
    const ExitStatus status = co_await child->stop(Milliseconds(50));
    EXPECT_EQ(status.signal, SIGKILL);
    co_await expect_all_gone(*child, pids);
  });
}

TEST_F(ATree, DiesWithItsMainProcess) {
  run([](Spawner& spawner) -> Task<> {
    const auto child =
        co_await ChildProcess::start(spawner, shell(stubborn_start + "read line; exit 5"));
    LineReader lines(child->out(), 64);
    const auto pids = co_await read_pids(lines, stubborn_tree_size);
    child->in().close();
    const ExitStatus status = co_await child->exited();
    EXPECT_EQ(status.code, 5);
    co_await child->gone();
    co_await expect_all_gone(*child, pids);
  });
}

TEST_F(ATree, DiesWithItsOwner) {
  run([](Spawner& spawner) -> Task<> {
    auto child = co_await ChildProcess::start(spawner, shell(stubborn_tree));
    std::vector<pid_t> pids;
    {
      LineReader lines(child->out(), 64);
      pids = co_await read_pids(lines, stubborn_tree_size);
    }
    auto end = child->gone();
    child.reset();
    co_await std::move(end);
    for (const pid_t pid : pids)
      EXPECT_TRUE(is_gone(pid)) << pid;
  });
}

TEST_F(ATree, WhoseOwnerGoesAtOnceIsReaped) {
  // The fixture finds the zombie or the descriptor that would be left.
  run([](Spawner& spawner) -> Task<> {
    for (int i = 0; i < 10; ++i)
      co_await ChildProcess::start(spawner, shell(stubborn_tree));
  });
}

TEST_F(ATree, WhoseStartIsCancelledIsReaped) {
  run([](Spawner& spawner) -> Task<> {
    for (int i = 0; i < 20; ++i) {
      auto starting = ChildProcess::start(spawner, shell(stubborn_tree));
      co_await within(std::chrono::microseconds(100 * i), std::move(starting));
    }
  });
}

TEST_F(ATree, WhoseTrustIsNotRenewedDiesByItselfWithItsDaemon) {
  run([](Spawner& spawner) -> Task<> {
    const auto child = co_await ChildProcess::start(spawner, shell(stubborn_tree));
    LineReader lines(child->out(), 64);
    const auto pids = co_await read_pids(lines, stubborn_tree_size);
    const auto begin = Clock::now();
    child->trust_for(Milliseconds(200));
    co_await child->gone();
    EXPECT_GE(Clock::now() - begin, Milliseconds(199));
    EXPECT_EQ(child->exit_status()->text(), "killed by SIGKILL");
    EXPECT_TRUE(child->trust_ran_out());
    co_await expect_all_gone(*child, pids);
  });
}

TEST_F(ATree, WhoseTrustIsRenewedOutlivesIt) {
  run([](Spawner& spawner) -> Task<> {
    const auto child =
        co_await ChildProcess::start(spawner, shell("echo ready; read line; exit 5"));
    const auto short_lived = co_await ChildProcess::start(spawner, shell("sleep 1000"));
    child->trust_for(Milliseconds(100));
    short_lived->trust_for(Milliseconds(150));
    child->trust_for(patience);
    co_await short_lived->gone();  // So the first limit of the other has passed.
    EXPECT_FALSE(child->exit_status().has_value());
    child->in().close();
    const ExitStatus status = co_await child->exited();
    EXPECT_EQ(status.code, 5);
    EXPECT_FALSE(child->trust_ran_out());
    co_await child->gone();
  });
}

TEST_F(ATree, WhoseTrustIsOverAlreadyDiesAtOnce) {
  run([](Spawner& spawner) -> Task<> {
    const auto child = co_await ChildProcess::start(spawner, shell("sleep 1000"));
    child->trust_for(Clock::duration::max());
    child->trust_for(Clock::duration::min());
    co_await child->gone();
    EXPECT_TRUE(child->trust_ran_out());
  });
}

TEST_F(ATree, ThatEndsOnRequestIsNotKilled) {
  run([](Spawner& spawner) -> Task<> {
    const auto child = co_await ChildProcess::start(
        spawner, shell("trap 'exit 7' TERM; echo ready; while :; do sleep 1000 & wait; done")
    );
    LineReader lines(child->out(), 64);
    co_await lines.next();
    child->terminate();
    const ExitStatus status = co_await child->exited();
    EXPECT_EQ(status.code, 7);
    co_await child->gone();
  });
}

TEST_F(ATree, ThatHasStoppedItselfStillHearsTheRequest) {
  run([](Spawner& spawner) -> Task<> {
    const auto child = co_await ChildProcess::start(
        spawner, shell("trap 'exit 7' TERM; echo ready; kill -STOP $$")
    );
    LineReader lines(child->out(), 64);
    co_await lines.next();
    child->terminate();
    const ExitStatus status = co_await child->exited();
    EXPECT_EQ(status.code, 7);
    co_await child->gone();
  });
}

TEST_F(ATree, ThatEndsWhenItsInputEndsIsNotSignalled) {
  run([](Spawner& spawner) -> Task<> {
    const auto child = co_await ChildProcess::start(spawner, shell("cat > /dev/null; exit 9"));
    const ExitStatus status = co_await child->stop(patience);
    EXPECT_EQ(status.code, 9);
  });
}

TEST_F(ATree, IsToldOfItsEndByManyAndAfterTheFact) {
  run([](Spawner& spawner) -> Task<> {
    using namespace asio::experimental::awaitable_operators;
    const auto child = co_await ChildProcess::start(spawner, shell("read line; exit 4"));
    auto one = child->exited();
    auto two = [](ChildProcess& it) -> Task<ExitStatus> {
      it.in().close();
      co_return co_await it.exited();
    }(*child);
    const auto [first, second] = co_await (std::move(one) && std::move(two));
    EXPECT_EQ(first.code, 4);
    EXPECT_EQ(second.code, 4);
    const ExitStatus again = co_await child->exited();
    EXPECT_EQ(again.code, 4);
    co_await child->gone();
    child->terminate();
    child->kill();
    const ExitStatus stopped = co_await child->stop(Milliseconds(1));
    EXPECT_EQ(stopped.code, 4);
  });
}

/// What the kernel says of a process until it is gone.
class Watch {
 public:
  explicit Watch(pid_t pid) : fd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  bool ends_within(int milliseconds) const {
    pollfd wait{fd_.get(), POLLIN, 0};
    return fd_ && ::poll(&wait, 1, milliseconds) == 1;
  }

 private:
  Fd fd_;
};

TEST_F(ATree, ThatForksAsFastAsItCanIsKilled) {
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec = shell("");
    spec.argv = {program_of_tests("process_test_host"), "fork-chains"};
    const auto child = co_await ChildProcess::start(spawner, spec);
    LineReader lines(child->out(), 64);
    co_await lines.next();
    const auto begin = Clock::now();
    child->kill();
    co_await child->gone();
    EXPECT_LT(Clock::now() - begin, fork_chains_last / 2) << "they ended by themselves";
    std::vector<pid_t> pids(1, child->pid());
    co_await expect_all_gone(*child, std::move(pids));
  });
}

TEST_F(ATree, WhoseWatcherIsKilledEndsEvenWhenTheHostAdoptsNoOrphans) {
  run([](Spawner& spawner) -> Task<> {
    const auto child = co_await ChildProcess::start(spawner, shell("echo ready; exec sleep 1000"));
    LineReader lines(child->out(), 64);
    co_await lines.next();
    const Watch main(child->pid());
    ::kill(parent_of(child->pid()), SIGKILL);
    const ExitStatus status = co_await child->exited();
    EXPECT_EQ(status.signal, SIGKILL);
    co_await child->gone();
    EXPECT_TRUE(main.ends_within(10'000));
  });
}

TEST_F(ATree, DoesNotHideThatTheProgramHasClosedItsPipes) {
  run([](Spawner& spawner) -> Task<> {
    const auto child =
        co_await ChildProcess::start(spawner, shell("exec 0<&- 1>&-; echo closed >&2; sleep 1000"));
    LineReader errors(child->err(), 64);
    co_await errors.next();
    LineReader lines(child->out(), 64);
    const auto end = co_await lines.next();
    EXPECT_FALSE(end.has_value());
    EXPECT_EQ(::write(child->in().native_handle(), "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
    EXPECT_FALSE(child->exit_status().has_value());
  });
}

TEST_F(ATree, HoldsNoDescriptorOfTheHost) {
  run([](Spawner& spawner) -> Task<> {
    // Not close-on-exec, as Asio's own are: a watcher that kept it would keep our port bound.
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const Fd read(ends[0]);
    Fd write(ends[1]);
    const auto child = co_await ChildProcess::start(spawner, shell("sleep 1000"));
    write.reset();
    pollfd wait{read.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&wait, 1, 0), 1);
    EXPECT_NE(wait.revents & POLLHUP, 0);
  });
}

/// A host of its own, to be killed: started without opsroom-spawn, which would clear up after it.
class OtherHost {
 public:
  explicit OtherHost(const char* what) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    out_ = Fd(ends[0]);
    const Fd theirs(ends[1]);
    const std::string program = program_of_tests("process_test_host");
    std::string name = program;
    std::string argument = what;
    const std::array<char*, 3> argv{name.data(), argument.data(), nullptr};
    posix_spawn_file_actions_t actions{};
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), 1);
    const int error =
        ::posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), ::environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::runtime_error("cannot start " + program);
  }
  ~OtherHost() { end(SIGKILL); }

  int end(int signal) {
    int status = 0;
    if (pid_ > 0) {
      ::kill(pid_, signal);
      ::waitpid(pid_, &status, 0);
    }
    pid_ = -1;
    return status;
  }

  /// The lines it has written up to an empty one, or to its end.
  std::vector<std::string> read() {
    std::string text;
    std::array<char, 256> buffer{};
    while (!text.ends_with("\n\n")) {
      pollfd wait{out_.get(), POLLIN, 0};
      if (::poll(&wait, 1, 20'000) != 1) throw std::runtime_error("the other host says nothing");
      const ssize_t n = ::read(out_.get(), buffer.data(), buffer.size());
      if (n <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line) && !line.empty();)
      lines.push_back(line);
    return lines;
  }

 private:
  pid_t pid_ = -1;
  Fd out_;
};

TEST(AHostKilledByKillMinusNine, TakesEveryTreeWithIt) {
  OtherHost host("hold");
  std::vector<Watch> watched;
  std::vector<pid_t> pids;
  for (const std::string& line : host.read()) {
    pids.push_back(std::stoi(line));
    watched.emplace_back(pids.back());
  }
  ASSERT_EQ(pids.size(), 2 * stubborn_tree_size);
  for (const Watch& watch : watched)
    EXPECT_FALSE(watch.ends_within(0));
  host.end(SIGKILL);
  for (const Watch& watch : watched)
    EXPECT_TRUE(watch.ends_within(10'000));
}

TEST(AHostWhoseWatcherIsKilled, NoticesAndClearsTheTree) {
  OtherHost host("watcher-killed");
  const std::vector<std::string> said = host.read();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0], "killed by SIGKILL, 0 left, 0 children");
}

TEST(AHostWhoseWatcherIsStopped, StillStopsTheTree) {
  OtherHost host("watcher-stopped");
  const std::vector<std::string> said = host.read();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0], "killed by SIGKILL, 0 left, 0 children");
}

TEST(AHostThatReapsOrphans, NeverStealsTheEndOfItsOwnChildren) {
  OtherHost host("busy");
  const std::vector<std::string> said = host.read();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0], "100 of 100 ended with their own code, 0 children");
}

TEST(AHost, ClosesItsMemoryAndEnvironmentToItsChildren) {
  OtherHost host("secret");
  const std::vector<std::string> said = host.read();
  ASSERT_EQ(said.size(), 1u);
  EXPECT_EQ(said[0], "subreaper 1, dumpable 0");
}

}  // namespace
}  // namespace opsroom::process
