#include "process/spawn_spec.hpp"

#include "process/spawn_protocol.hpp"
#include "process/start_failure.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace opsroom::process {
namespace {

std::string fields_of(const SpawnSpec& spec) {
  return encode(spec).substr(sizeof(std::uint64_t));
}

SpawnSpec full_spec() {
  SpawnSpec spec;
  spec.argv = {"tool", "", "with space", "\xff\n"};
  spec.directory = "/a/b";
  spec.environment = {{"A", "1"}, {"EMPTY", ""}};
  spec.limits.file_size_bytes = 0;
  spec.limits.cpu_seconds = 1ull << 40;
  spec.run_as = RunAs{1000, 1001};
  return spec;
}

TEST(SpawnProtocol, CarriesEveryField) {
  const SpawnSpec spec = decode(fields_of(full_spec()));
  EXPECT_EQ(spec.argv, full_spec().argv);
  EXPECT_EQ(spec.directory, "/a/b");
  EXPECT_EQ(spec.environment, full_spec().environment);
  EXPECT_EQ(spec.limits.file_size_bytes, 0u);
  EXPECT_EQ(spec.limits.cpu_seconds, 1ull << 40);
  EXPECT_FALSE(spec.limits.open_files);
  EXPECT_FALSE(spec.limits.address_space_bytes);
  EXPECT_EQ(spec.run_as->uid, 1000u);
  EXPECT_EQ(spec.run_as->gid, 1001u);
}

TEST(SpawnProtocol, SaysHowLongTheFrameIs) {
  const std::string frame = encode(full_spec());
  std::uint64_t size = 0;
  std::memcpy(&size, frame.data(), sizeof size);
  EXPECT_EQ(size, frame.size() - sizeof size);
}

TEST(SpawnProtocol, RefusesAFrameCutAnywhere) {
  const std::string fields = fields_of(full_spec());
  for (std::size_t size = 0; size < fields.size(); ++size) {
    EXPECT_THROW(decode(fields.substr(0, size)), std::runtime_error) << size;
  }
  EXPECT_THROW(decode(fields + "x"), std::runtime_error);
}

TEST(ExitStatus, IsSaidInWords) {
  EXPECT_EQ((ExitStatus{3, {}}).text(), "exited with 3");
  EXPECT_EQ((ExitStatus{{}, SIGSEGV}).text(), "killed by SIGSEGV");
  EXPECT_EQ(
      (ExitStatus{{}, SIGRTMIN + 1}).text(), "killed by signal " + std::to_string(SIGRTMIN + 1)
  );
  EXPECT_TRUE((ExitStatus{0, {}}).ok());
  EXPECT_FALSE((ExitStatus{1, {}}).ok());
  EXPECT_FALSE((ExitStatus{{}, SIGKILL}).ok());
}

TEST(BaseEnvironment, PassesSixNamesAndNoSecret) {
  ::setenv("TERM", "vt100", 1);
  ::unsetenv("SHELL");
  ::setenv("DATABASE_PASSWORD", "secret", 1);
  const Environment environment = base_environment();
  EXPECT_EQ(environment.at("TERM"), "vt100");
  EXPECT_FALSE(environment.contains("SHELL"));
  EXPECT_FALSE(environment.contains("DATABASE_PASSWORD"));
}

TEST(StartFailure, TellsWhoMayBecomeAnotherUser) {
  Report report{Report::Kind::failed, static_cast<int>(Step::user), EPERM};
  const Failure failure = start_failure(full_spec(), report);
  EXPECT_EQ(failure.code(), Code::forbidden);
  EXPECT_EQ(
      failure.message(), "cannot start 'tool': becoming user 1000:1001: Operation not permitted"
  );
}

TEST(StartFailure, OfAFullMachineMayBeTriedAgain) {
  Report report{Report::Kind::failed, static_cast<int>(Step::fork), EAGAIN};
  const Failure failure = start_failure(full_spec(), report);
  EXPECT_EQ(failure.code(), Code::exhausted);
  EXPECT_TRUE(failure.retryable());
}

TEST(StartFailure, RefusesBadVariableNames) {
  SpawnSpec spec = full_spec();
  spec.environment = {{"A=B", "1"}};
  EXPECT_THROW(check(spec), Failure);
  spec.environment = {{"", "1"}};
  EXPECT_THROW(check(spec), Failure);
  spec.environment = {{"A", std::string("\0", 1)}};
  EXPECT_THROW(check(spec), Failure);
  spec.environment = {{"A", "="}};
  EXPECT_NO_THROW(check(spec));
}

}  // namespace
}  // namespace opsroom::process
