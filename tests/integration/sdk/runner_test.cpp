#include "mcp_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <elf.h>
#include <fstream>

namespace opsroom::test {
namespace {

using testing::HasSubstr;

/// Starts the runner on a file it must refuse, and returns what it said.
std::string refusal(const std::string& library) {
  McpProcess server(runner(library));
  EXPECT_TRUE(server.rest().empty());
  EXPECT_EQ(server.wait(), 78);
  const std::string said = server.errors();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_THAT(said, HasSubstr(library)) << "names the file";
  return said;
}

std::string written(const TempDir& directory, const char* name, const std::string& bytes) {
  const auto path = directory.path() / name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path.string();
}

}  // namespace

TEST(Runner, RefusesAFileThatIsNotThere) {
  EXPECT_THAT(
      refusal("/no/such/plugin.so"), HasSubstr("No such file or directory; check the path")
  );
}

TEST(Runner, RefusesADirectory) {
  EXPECT_THAT(refusal("/tmp"), HasSubstr("not a file"));
}

TEST(Runner, RefusesAFileThatIsNoLibrary) {
  const TempDir directory;
  EXPECT_THAT(
      refusal(written(directory, "text.so", "#!/bin/sh\n")), HasSubstr("not a shared library")
  );
  EXPECT_THAT(refusal(written(directory, "empty.so", "")), HasSubstr("the file is empty"));
}

TEST(Runner, RefusesAnotherArchitecture) {
  const TempDir directory;
  std::string bytes = contents(fixture("no_entry"));
  const std::uint16_t other = EM_S390;
  bytes.replace(
      offsetof(Elf64_Ehdr, e_machine),
      sizeof other,
      reinterpret_cast<const char*>(&other),
      sizeof other
  );
  EXPECT_THAT(
      refusal(written(directory, "other.so", bytes)), HasSubstr("it was built for machine type 22")
  );
}

TEST(Runner, RefusesALibraryThatIsCutOff) {
  const TempDir directory;
  const std::string bytes = contents(fixture("no_entry"));
  EXPECT_THAT(
      refusal(written(directory, "half.so", bytes.substr(0, bytes.size() / 2))),
      HasSubstr("cut off or damaged")
  );
}

TEST(Runner, RefusesALibraryWithoutTheEntry) {
  EXPECT_THAT(
      refusal(fixture("no_entry")),
      HasSubstr("does not export opsroom_plugin_v1; build it with opsroom_add_tool()")
  );
}

TEST(Runner, RefusesAnEntryOfTheFuture) {
  EXPECT_THAT(refusal(fixture("other_entry")), HasSubstr("it exports opsroom_plugin_v2"));
}

TEST(Runner, RefusesAnotherAbiMajor) {
  EXPECT_THAT(
      refusal(fixture("wrong_abi")), HasSubstr("it speaks plugin ABI 9, this host speaks 1")
  );
}

TEST(Runner, RefusesAnEntryThatIsTooShort) {
  EXPECT_THAT(
      refusal(fixture("short_struct")), HasSubstr("its entry has 24 bytes, ABI 1.0 has 64")
  );
}

TEST(Runner, RefusesAManifestThatIsNone) {
  McpProcess server(runner(fixture("bad_manifest")));
  EXPECT_EQ(server.wait(), 78);
  EXPECT_THAT(
      server.errors(), HasSubstr("plugin wrong can't be used: its manifest is no JSON object")
  );
}

TEST(Runner, ReportsAPluginThatDoesNotStart) {
  McpProcess server(runner(fixture("no_start")));
  EXPECT_EQ(server.wait(), 78);
  EXPECT_THAT(server.errors(), HasSubstr("it refused to start"));
}

TEST(Runner, PrintsAManifestOnRequest) {
  McpProcess server({OPSROOM_RUNNER, "--manifest", plugin("exec")});
  const json manifest = server.next();
  EXPECT_EQ(manifest["tools"][0]["name"], "run");
  EXPECT_EQ(server.wait(), 0);
}

TEST(Runner, ExplainsItsUsage) {
  McpProcess server({OPSROOM_RUNNER, "--what"});
  EXPECT_EQ(server.wait(), 64);
  EXPECT_THAT(server.errors(), HasSubstr("usage: opsroom-plugin-runner"));
}

TEST(Runner, RefusesALimitItDoesNotKnow) {
  McpProcess server({OPSROOM_RUNNER, "--limits", "memory=2G", plugin("exec")});
  EXPECT_EQ(server.wait(), 64);
  EXPECT_THAT(server.errors(), HasSubstr("limit 'memory=2G': known are as, data"));
}

TEST(Runner, AMemoryLimitMakesAnOrdinaryFailure) {
  if (sanitized()) GTEST_SKIP() << "sanitizers reserve more address space than any sensible limit";
  McpProcess server({OPSROOM_RUNNER, "--limits", "as=1G,core=0", fixture("fixture")});
  server.open_legacy();
  EXPECT_THAT(text_of(server.call("allocate")), HasSubstr("out of memory"));
  EXPECT_EQ(text_of(server.call("echo", {{"text", "still here"}})), "still here");
}

}  // namespace opsroom::test
