#include "tools/era_memory.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "tools/temporary_directory.hpp"
#include "unit/tools/io.hpp"

#include <gtest/gtest.h>

#include <filesystem>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

/// A database that can be away or hang.
class FakeServerMemory : public ServerMemory {
 public:
  explicit FakeServerMemory(asio::any_io_executor executor) : changed(executor) {}

  Task<std::optional<std::string>> era(std::string fingerprint) override {
    ++asked;
    while (hangs)
      co_await changed.wait();
    if (away) throw Failure(Code::unavailable, "the database is away");
    const auto found = eras.find(fingerprint);
    if (found == eras.end()) co_return std::nullopt;
    co_return found->second;
  }

  Task<> remember_era(std::string fingerprint, std::string, std::string era) override {
    if (away) throw Failure(Code::unavailable, "the database is away");
    eras[fingerprint] = era;
    ++stored;
    co_return;
  }

  Task<> forget(std::string fingerprint) override {
    eras.erase(fingerprint);
    co_return;
  }

  Task<std::string> state_key() override { co_return "a key"; }

  std::map<std::string, std::string> eras;
  Signal changed;
  int asked = 0;
  int stored = 0;
  bool away = false;
  bool hangs = false;
};

class EraMemoryTest : public ::testing::Test {
 protected:
  EraMemoryTest() {
    write_file(home.path() / "server", "#!/bin/sh\necho one\n", 0755);
    source.name = "x";
    spawn.argv = {(home.path() / "server").string(), "--flag"};
    spawn.directory = home.path();
  }

  std::optional<Era> known(EraMemory& memory, Clock::duration patience = 20s) {
    return io.run(memory.look_up(source, spawn)->known(patience));
  }

  void remember(EraMemory& memory, Era era) {
    memory.look_up(source, spawn)->found(era);
    settle(memory);
  }

  /// Until all that was to be remembered is.
  void settle(EraMemory& memory) { io.run(memory.settle()); }

  test::Io io;
  TemporaryDirectory home;
  SourceConfig source;
  process::SpawnSpec spawn;
  FakeServerMemory database{io.executor()};
};

TEST_F(EraMemoryTest, RemembersAProgramWithItsArguments) {
  EraMemory memory(io.executor());
  EXPECT_EQ(known(memory), std::nullopt);
  remember(memory, Era::legacy);
  EXPECT_EQ(known(memory), Era::legacy);
  spawn.argv.back() = "--other";
  EXPECT_EQ(known(memory), std::nullopt);
}

TEST_F(EraMemoryTest, AnotherProgramUnderTheSameNameIsNotKnown) {
  EraMemory memory(io.executor());
  remember(memory, Era::modern);
  write_file(home.path() / "server", "#!/bin/sh\necho two\n", 0755);
  EXPECT_EQ(known(memory), std::nullopt);
}

TEST_F(EraMemoryTest, TheDatabaseRemembersBeyondTheProcess) {
  EraMemory first(io.executor(), &database);
  remember(first, Era::modern);
  EXPECT_EQ(database.stored, 1);
  EraMemory second(io.executor(), &database);
  EXPECT_EQ(known(second), Era::modern);
  remember(second, Era::modern);
  EXPECT_EQ(database.stored, 1) << "it knows that already";
}

TEST_F(EraMemoryTest, AWrongVerdictIsForgottenEverywhere) {
  EraMemory memory(io.executor(), &database);
  remember(memory, Era::modern);
  memory.look_up(source, spawn)->was_wrong();
  settle(memory);
  EXPECT_TRUE(database.eras.empty());
  EXPECT_EQ(known(memory), std::nullopt);
}

TEST_F(EraMemoryTest, ADatabaseThatIsAwayCostsNothing) {
  database.away = true;
  EraMemory memory(io.executor(), &database);
  EXPECT_EQ(known(memory), std::nullopt);
  remember(memory, Era::legacy);
  EXPECT_EQ(known(memory), Era::legacy) << "the process remembers";
}

TEST_F(EraMemoryTest, ADatabaseThatHangsIsNotWaitedFor) {
  database.hangs = true;
  EraMemory memory(io.executor(), &database);
  EXPECT_EQ(known(memory, 10ms), std::nullopt);
  database.hangs = false;
  database.changed.notify();
  settle(memory);
}

}  // namespace
}  // namespace opsroom::tools
