#include "integration/process/fixture.hpp"

#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::process {
namespace {

using StartingAProgram = Processes;

/// A directory of its own that goes with the test.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = "/tmp/opsroom-process-XXXXXX";
    path_ = ::mkdtemp(name.data());
    std::filesystem::permissions(path_, std::filesystem::perms(0755));
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::filesystem::path write(const std::string& name, const std::string& content, mode_t mode) {
    const auto path = path_ / name;
    std::ofstream(path) << content;
    ::chmod(path.c_str(), mode);
    return path;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

TEST_F(StartingAProgram, ThatIsNotOnPathNamesItAndThePath) {
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec = shell("");
    spec.argv = {"no-such-program"};
    const Failure failure = co_await failure_of(spawner, spec);
    EXPECT_EQ(failure.code(), Code::not_found);
    EXPECT_EQ(failure.message(), "cannot start 'no-such-program': No such file or directory");
    EXPECT_EQ(failure.hint(), "It was looked for on PATH: /usr/bin:/bin");
  });
}

TEST_F(StartingAProgram, InAMissingDirectoryNamesTheDirectory) {
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec = shell("true");
    spec.directory = "/no/such/place";
    const Failure failure = co_await failure_of(spawner, spec);
    EXPECT_EQ(failure.code(), Code::not_found);
    EXPECT_EQ(
        failure.message(), "cannot start 'sh': directory /no/such/place: No such file or directory"
    );
  });
}

TEST_F(StartingAProgram, ThatIsNotExecutableIsForbidden) {
  run([](Spawner& spawner) -> Task<> {
    TemporaryDirectory directory;
    SpawnSpec spec = shell("");
    spec.argv = {directory.write("tool", "#!/bin/sh\n", 0644)};
    const Failure failure = co_await failure_of(spawner, spec);
    EXPECT_EQ(failure.code(), Code::forbidden);
    EXPECT_NE(failure.message().find("Permission denied"), std::string::npos);
    EXPECT_NE(failure.hint().find("chmod +x"), std::string::npos);
  });
}

TEST_F(StartingAProgram, WhoseInterpreterIsMissingSaysSo) {
  run([](Spawner& spawner) -> Task<> {
    TemporaryDirectory directory;
    SpawnSpec spec = shell("");
    spec.argv = {directory.write("tool", "#!/no/such/interpreter\n", 0755)};
    const Failure failure = co_await failure_of(spawner, spec);
    EXPECT_EQ(failure.code(), Code::not_found);
    EXPECT_NE(failure.message().find("its interpreter"), std::string::npos);
  });
}

TEST_F(StartingAProgram, ThatIsNoProgramIsUnsupported) {
  run([](Spawner& spawner) -> Task<> {
    TemporaryDirectory directory;
    SpawnSpec spec = shell("");
    spec.argv = {directory.write("tool", "neither script nor binary", 0755)};
    const Failure failure = co_await failure_of(spawner, spec);
    EXPECT_EQ(failure.code(), Code::unsupported);
    EXPECT_NE(failure.message().find("Exec format error"), std::string::npos);
  });
}

TEST_F(StartingAProgram, WithTooManyArgumentsIsInvalid) {
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec = shell("true");
    spec.argv.emplace_back(4u << 20, 'x');
    const Failure failure = co_await failure_of(spawner, spec);
    EXPECT_EQ(failure.code(), Code::invalid);
  });
}

TEST_F(StartingAProgram, FindsItOnTheGivenPathOnlyAndSkipsEmptyEntries) {
  run([](Spawner& spawner) -> Task<> {
    TemporaryDirectory directory;
    directory.write("opsroom-test-tool", "#!/bin/sh\necho found\n", 0755);
    SpawnSpec spec = shell("");
    spec.argv = {"opsroom-test-tool"};
    spec.directory = directory.path();
    spec.environment["PATH"] = "/bin::/usr/bin:";
    const Failure failure = co_await failure_of(spawner, spec);
    EXPECT_EQ(failure.code(), Code::not_found);

    spec.environment["PATH"] = "/no/such/place:" + directory.path().string();
    const CommandResult result = co_await run_command(spawner, command(spec));
    EXPECT_EQ(result.out, "found\n");
  });
}

TEST_F(StartingAProgram, GivesItExactlyTheEnvironment) {
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec = shell("");
    spec.argv = {"env"};
    spec.environment = {{"PATH", "/usr/bin:/bin"}, {"EMPTY", ""}, {"TEXT", "a=b\nc"}};
    const CommandResult result = co_await run_command(spawner, command(spec));
    EXPECT_EQ(result.out, "EMPTY=\nPATH=/usr/bin:/bin\nTEXT=a=b\nc\n");
  });
}

TEST_F(StartingAProgram, PassesArgumentsByteForByte) {
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec = shell("printf '%s|' \"$@\"");
    for (const char* argument : {"sh", "", "a b", "$(id)", "\xff\n", "--x"}) {
      spec.argv.emplace_back(argument);
    }
    const CommandResult result = co_await run_command(spawner, command(spec));
    EXPECT_EQ(result.out, "|a b|$(id)|\xff\n|--x|");
  });
}

TEST_F(StartingAProgram, GivesItThreeDescriptorsAndNoMore) {
  run([](Spawner& spawner) -> Task<> {
    // What Asio opens is not close-on-exec: such a descriptor must not reach the program.
    const int leak = ::dup2(0, 1000);
    const SpawnSpec spec = shell(
        "i=0; while [ $i -lt 1100 ]; do [ -e /proc/self/fd/$i ] && echo $i; i=$((i+1)); done; true"
    );
    const CommandResult result = co_await run_command(spawner, command(spec));
    ::close(leak);
    EXPECT_EQ(result.out, "0\n1\n2\n");
  });
}

TEST_F(StartingAProgram, GivesItASessionDefaultSignalsAndNoNewPrivileges) {
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec = shell("");
    spec.argv = {"grep", "-E", "^(SigBlk|SigIgn|NoNewPrivs)", "/proc/self/status"};
    CommandResult result = co_await run_command(spawner, command(spec));
    EXPECT_EQ(result.out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\nNoNewPrivs:\t1\n");
    spec = shell(
        "ulimit -c; read -r pid name state parent group session rest < /proc/$$/stat;"
        "[ $$ = $group ] && [ $$ = $session ] && echo leader"
    );
    result = co_await run_command(spawner, command(spec));
    EXPECT_EQ(result.out, "0\nleader\n");
  });
}

TEST_F(StartingAProgram, InADirectory) {
  run([](Spawner& spawner) -> Task<> {
    TemporaryDirectory directory;
    SpawnSpec spec = shell("pwd");
    spec.directory = directory.path();
    const CommandResult result = co_await run_command(spawner, command(spec));
    EXPECT_EQ(result.out, directory.path().string() + "\n");
  });
}

TEST_F(StartingAProgram, AsAnotherUserDropsEveryPrivilege) {
  if (::getuid() != 0) GTEST_SKIP() << "needs root";
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec =
        shell("id -u; id -g; id -G; echo to stderr > /dev/stderr; echo $$ > /proc/1/oom_adj");
    spec.run_as = RunAs{65534, 65534};
    const gid_t extra = 4242;
    EXPECT_EQ(::setgroups(1, &extra), 0);
    const CommandResult result = co_await run_command(spawner, command(spec));
    EXPECT_EQ(::setgroups(0, nullptr), 0);
    EXPECT_EQ(result.out, "65534\n65534\n65534\n");
    EXPECT_TRUE(result.err.starts_with("to stderr\n")) << result.err;
    EXPECT_FALSE(result.status.ok());
  });
}

TEST_F(StartingAProgram, ReportsHowItEnded) {
  run([](Spawner& spawner) -> Task<> {
    CommandResult result = co_await run_command(spawner, command(shell("exit 3")));
    EXPECT_EQ(result.status.text(), "exited with 3");
    EXPECT_FALSE(result.status.ok());
    result = co_await run_command(spawner, command(shell("kill -SEGV $$")));
    EXPECT_EQ(result.status.text(), "killed by SIGSEGV");
    result = co_await run_command(spawner, command(shell("true")));
    EXPECT_TRUE(result.status.ok());
  });
}

TEST_F(StartingAProgram, HoldsItToItsFileSize) {
  run([](Spawner& spawner) -> Task<> {
    TemporaryDirectory directory;
    SpawnSpec spec = shell("exec dd if=/dev/zero of=big bs=1024 count=64");
    spec.directory = directory.path();
    spec.limits.file_size_bytes = 4096;
    const CommandResult result = co_await run_command(spawner, command(spec));
    EXPECT_EQ(result.status.text(), "killed by SIGXFSZ");
    EXPECT_EQ(std::filesystem::file_size(directory.path() / "big"), 4096u);
  });
}

TEST_F(StartingAProgram, HoldsItToItsOpenFilesAndAddressSpace) {
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec = shell("ulimit -n; ulimit -Hn; ulimit -v; ulimit -t");
    spec.limits.open_files = 33;
    spec.limits.address_space_bytes = 512u << 20;
    spec.limits.cpu_seconds = 7;
    const CommandResult result = co_await run_command(spawner, command(spec));
    EXPECT_EQ(result.out, "33\n33\n524288\n7\n");
  });
}

TEST_F(StartingAProgram, AHundredTimesLeavesNothingBehind) {
  run([](Spawner& spawner) -> Task<> {
    std::size_t before = 0;
    for (int i = 0; i < 100; ++i) {
      const CommandResult result = co_await run_command(spawner, command(shell("exit 0")));
      EXPECT_TRUE(result.status.ok());
      if (i == 0) before = open_descriptors();
    }
    EXPECT_EQ(open_descriptors(), before);
    EXPECT_TRUE(children_of(::getpid()).empty());
  });
}

TEST_F(StartingAProgram, ThatCannotStartAHundredTimesLeavesNothingBehind) {
  run([](Spawner& spawner) -> Task<> {
    SpawnSpec spec = shell("");
    spec.argv = {"no-such-program"};
    for (int i = 0; i < 100; ++i)
      co_await failure_of(spawner, spec);
    EXPECT_TRUE(children_of(::getpid()).empty());
  });
}

TEST(Spawner, RefusesAHelperThatIsNotThere) {
  try {
    Spawner spawner("/no/such/opsroom-spawn");
    FAIL();
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::not_found);
    EXPECT_NE(failure.message().find("/no/such/opsroom-spawn"), std::string::npos);
  }
}

}  // namespace
}  // namespace opsroom::process
