#include "base/failure.hpp"
#include "base/files.hpp"
#include "tools/temporary_directory.hpp"
#include "tools/tools_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdlib.h>
#include <sys/stat.h>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

ToolsConfig parse(const std::string& text) {
  return parse_tools_config(Json::parse(text), "/etc/opsroom/tools.json");
}

std::string failure_of(const std::string& text) {
  try {
    parse(text);
  } catch (const Failure& failure) {
    return failure.message() + " | " + failure.hint();
  }
  return "accepted";
}

TEST(ToolsConfig, TakesTheEcosystemsFileUnchanged) {
  const auto config = parse(R"({"mcpServers": {"files": {"type": "stdio", "command": "npx",
      "args": ["-y", "server", "."], "env": {"A": "b"}, "cwd": "sub", "autoApprove": []}}})");
  const SourceConfig& files = config.sources.at("files");
  EXPECT_THAT(files.argv, ElementsAre("npx", "-y", "server", "."));
  EXPECT_EQ(files.environment.at("A"), "b");
  EXPECT_EQ(files.directory, "sub");
  EXPECT_EQ(files.scope, Scope::lane);
  EXPECT_EQ(files.timeout, 60s);
  EXPECT_EQ(files.max_total, 1h);
  EXPECT_FALSE(files.trusted);
}

TEST(ToolsConfig, ReadsOurOwnKeysUnderOneKey) {
  const auto config = parse(R"({"mcpServers": {"db": {"command": "x", "opsroom": {
      "scope": "host", "timeout": "90s", "maxTotal": "2h", "allow": ["read_*"], "deny": ["*_all"],
      "trust": true}}}})");
  const SourceConfig& db = config.sources.at("db");
  EXPECT_EQ(db.scope, Scope::host);
  EXPECT_EQ(db.timeout, 90s);
  EXPECT_EQ(db.max_total, 2h);
  EXPECT_TRUE(db.filter.admits("read_row"));
  EXPECT_FALSE(db.filter.admits("read_all"));
  EXPECT_FALSE(db.filter.admits("write_row"));
  EXPECT_TRUE(db.trusted);
}

TEST(ToolsConfig, PluginsAreTrustedAndRunOncePerStep) {
  const auto config =
      parse(R"({"plugins": {"exec": {"library": "exec.so", "isolation": "process"}}})");
  const SourceConfig& exec = config.sources.at("exec");
  EXPECT_EQ(exec.scope, Scope::step);
  EXPECT_TRUE(exec.trusted);
  EXPECT_EQ(exec.library, "exec.so");
}

TEST(ToolsConfig, ALibraryWithADotIsSeenFromTheFile) {
  const auto config = parse(
      R"({"plugins": {"a": {"library": "./build/a.so"}, "b": {"library": "../b.so"},
          "c": {"library": "c.so"}}})"
  );
  EXPECT_EQ(config.sources.at("a").library, "/etc/opsroom/build/a.so");
  EXPECT_EQ(config.sources.at("b").library, "/etc/b.so");
  EXPECT_EQ(config.sources.at("c").library, "c.so");
}

TEST(ToolsConfig, APluginIsToldItsSettingsAndItsLimits) {
  ::setenv("OPSROOM_TEST_TOKEN", "s3cret", 1);
  const auto config = parse(R"({"plugins": {"http": {"keepAlive": true,
      "config": {"allow": ["10.0.0.0/8"], "depth": {"token": "${env:OPSROOM_TEST_TOKEN}"}, "n": 3},
      "limits": {"memory": "2GiB", "cpu": "90s", "fileSize": "1MiB", "files": 64, "processes": 8}}}})"
  );
  const SourceConfig& http = config.sources.at("http");
  EXPECT_EQ(http.scope, Scope::lane);
  EXPECT_EQ(
      Json::parse(http.environment.at("OPSROOM_PLUGIN_CONFIG")),
      Json::parse(R"({"allow": ["10.0.0.0/8"], "depth": {"token": "s3cret"}, "n": 3})")
  );
  EXPECT_EQ(
      http.environment.at("OPSROOM_PLUGIN_LIMITS"),
      "core=0,as=2147483648,fsize=1048576,cpu=90,nofile=64,nproc=8"
  );
  EXPECT_THAT(http.secrets, ElementsAre(Secret{"OPSROOM_TEST_TOKEN", "s3cret"}));
  EXPECT_THAT(
      failure_of(R"({"plugins": {"x": {"limits": {"files": "many"}}}})"),
      AllOf(HasSubstr("/plugins/x/limits/files"), HasSubstr("from 16 to"))
  );
  EXPECT_THAT(
      failure_of(R"({"plugins": {"x": {"limits": {"ram": "1GiB"}}}})"), HasSubstr("memory")
  );
  EXPECT_THAT(failure_of(R"({"plugins": {"x": {"config": []}}})"), HasSubstr("/plugins/x/config"));
}

TEST(ToolsConfig, APluginInThisProcessIsHeldToItsDigest) {
  const std::string digest(64, 'a');
  const auto with = [](const std::string& keys) {
    return R"({"plugins": {"x": {"library": "x.so", "isolation": "inprocess")" + keys + "}}}";
  };
  const auto config = parse(with(R"(, "sha256": ")" + digest + R"(")"));
  EXPECT_TRUE(config.sources.at("x").in_process);
  EXPECT_EQ(config.sources.at("x").sha256, digest);
  EXPECT_THAT(
      failure_of(with("")),
      AllOf(HasSubstr("/plugins/x/sha256"), HasSubstr("missing"), HasSubstr("sha256sum x.so"))
  );
  EXPECT_THAT(failure_of(with(R"(, "sha256": "abc")")), HasSubstr("'abc' is no SHA-256"));
  EXPECT_THAT(
      failure_of(with(R"(, "limits": {"files": 64})")),
      AllOf(HasSubstr("/plugins/x/limits"), HasSubstr("means nothing"))
  );
  EXPECT_THAT(failure_of(with(R"(, "keepAlive": true)")), HasSubstr("/plugins/x/keepAlive"));
  EXPECT_THAT(
      failure_of(R"({"plugins": {"x": {"sha256": ")" + digest + R"("}}})"),
      AllOf(HasSubstr("/plugins/x/sha256"), HasSubstr("inprocess"))
  );
}

TEST(ToolsConfig, WithoutAFileThereAreThePluginsThatComeAlong) {
  EXPECT_THAT(
      default_tools_config().names(),
      ElementsAre("ask", "exec", "files", "git", "http", "notify", "run", "sql", "template", "wait")
  );
}

TEST(ToolsConfig, RefusesUnknownKeysOfOursByName) {
  EXPECT_EQ(
      failure_of(R"({"mcpServers": {"a": {"command": "x", "opsroom": {"scop": "lane"}}}})"),
      "tools.json: /mcpServers/a/opsroom/scop: unknown key | Did you mean \"scope\"? Allowed are "
      "scope, idle, maxLifetime, timeout, maxTotal, allow, deny, trust, inputLimit, taskHold, "
      "sampling, logLevel, outputSchema, concurrency and maxMessage."
  );
}

TEST(ToolsConfig, BadValuesNameThePlaceAndWhatIsAllowed) {
  EXPECT_THAT(
      failure_of(R"({"mcpServers": {"a": {"command": "x", "opsroom": {"scope": "run"}}}})"),
      HasSubstr("tools.json: /mcpServers/a/opsroom/scope: 'run' is not known | Allowed are host, "
                "lane and step")
  );
  EXPECT_THAT(
      failure_of(R"({"mcpServers": {"a": {"command": "x", "opsroom": {"timeout": "5 parsecs"}}}})"),
      HasSubstr("/mcpServers/a/opsroom/timeout: '5 parsecs' is no duration | Write a whole number")
  );
  EXPECT_THAT(
      failure_of(R"({"mcpServers": {"a": {"command": "x", "args": [1]}}})"),
      HasSubstr("/mcpServers/a/args/0: expected a string")
  );
  EXPECT_THAT(
      failure_of(R"({"mcpServers": {"a": {}}})"), HasSubstr("/mcpServers/a/command: required")
  );
  EXPECT_THAT(
      failure_of(R"({"mcpServers": []})"), HasSubstr("/mcpServers: expected an object, got array")
  );
}

TEST(ToolsConfig, SourceNamesFitInFrontOfADot) {
  EXPECT_THAT(
      failure_of(R"({"plugins": {"my.tools": {}}})"), HasSubstr("'my.tools' cannot name a source")
  );
  EXPECT_THAT(failure_of(R"({"plugins": {"Exec": {}}})"), HasSubstr("a-z, 0-9, _ and -"));
}

TEST(ToolsConfig, OneNameBelongsToOneSource) {
  EXPECT_THAT(
      failure_of(R"({"mcpServers": {"exec": {"command": "x"}}, "plugins": {"exec": {}}})"),
      HasSubstr("'exec' is already the name of another source")
  );
}

TEST(ToolsConfig, AnHttpServerIsKeptAsUnusable) {
  const auto config = parse(R"({"mcpServers": {"web": {"url": "https://x"}}})");
  EXPECT_THAT(config.sources.at("web").refusal, HasSubstr("HTTP"));
}

TEST(ToolsConfig, ReplacesVariablesAndFiles) {
  const TemporaryDirectory home;
  write_file(home.path() / "token", "s3cret\n");
  ::setenv("OPSROOM_TEST_TOKEN", "from-env", 1);
  const auto config = parse_tools_config(
      Json::parse(
          R"({"mcpServers": {"a": {"command": "x", "args": ["--t=${env:OPSROOM_TEST_TOKEN}!"],
        "env": {"T": "${file:token}", "W": "${workspaceFolder}"}}}})"
      ),
      home.path() / "tools.json"
  );
  const SourceConfig& a = config.sources.at("a");
  EXPECT_EQ(a.argv.back(), "--t=from-env!");
  EXPECT_EQ(a.environment.at("T"), "s3cret");
  EXPECT_EQ(a.environment.at("W"), "${workspaceFolder}");
}

TEST(ToolsConfig, ReadsTheKeysOfSupervision) {
  const auto config = parse(R"({"mcpServers": {"a": {"command": "x", "opsroom": {
      "scope": "host", "idle": "5m", "maxLifetime": "24h", "concurrency": "exclusive",
      "inputLimit": "2h", "taskHold": "3s", "sampling": "model.ask", "logLevel": "debug",
      "outputSchema": "warn", "maxMessage": "1MiB"}}}})");
  const SourceConfig& a = config.sources.at("a");
  EXPECT_EQ(a.idle, 5min);
  EXPECT_EQ(a.max_lifetime, 24h);
  EXPECT_EQ(a.concurrency, 1u);
  EXPECT_EQ(a.input_limit, 2h);
  EXPECT_EQ(a.task_hold, 3s);
  EXPECT_EQ(a.sampling_tool, "model.ask");
  EXPECT_EQ(a.log_level, "debug");
  EXPECT_EQ(a.output_schema, SchemaPolicy::warn);
  EXPECT_EQ(a.max_message, 1u << 20);
}

TEST(ToolsConfig, WithoutThoseKeysThereAreCarefulDefaults) {
  const auto config = parse(R"({"mcpServers": {"a": {"command": "x"}}})");
  const SourceConfig& a = config.sources.at("a");
  EXPECT_EQ(a.idle, 10min);
  EXPECT_EQ(a.max_lifetime, 0s);
  EXPECT_FALSE(a.concurrency);
  EXPECT_EQ(a.input_limit, 15min);
  EXPECT_EQ(a.sampling_tool, "");
  EXPECT_EQ(a.output_schema, SchemaPolicy::enforce);
  EXPECT_EQ(a.max_message, 64u << 20);
}

std::string failure_of_extension(const std::string& extension) {
  const std::string text =
      R"({"mcpServers": {"a": {"command": "x", "opsroom": )" + extension + "}}}";
  return failure_of(text.c_str());
}

TEST(ToolsConfig, ValuesOutOfRangeNameTheRange) {
  EXPECT_THAT(
      failure_of_extension(R"({"concurrency": 0})"),
      HasSubstr("/opsroom/concurrency: 0 is no number of calls at once | Write \"exclusive\" or a "
                "whole number from 1 to 1024")
  );
  EXPECT_THAT(
      failure_of_extension(R"({"maxMessage": "2GiB"})"),
      HasSubstr("/opsroom/maxMessage: '2GiB' is no size from 64 KiB to 1 GiB")
  );
  EXPECT_THAT(
      failure_of_extension(R"({"sampling": "model"})"),
      HasSubstr("/opsroom/sampling: 'model' names no tool | Write <source>.<tool>")
  );
  EXPECT_THAT(failure_of_extension(R"({"logLevel": "loud"})"), HasSubstr("Allowed are debug"));
}

TEST(ToolsConfig, WhatAReferencePutInIsASecretWithItsName) {
  const TemporaryDirectory home;
  write_file(home.path() / "token", "s3cret\n");
  ::setenv("OPSROOM_TEST_TOKEN", "from-env", 1);
  const auto config = parse_tools_config(
      Json::parse(R"({"mcpServers": {"a": {"command": "x", "args": ["${env:OPSROOM_TEST_TOKEN}"],
        "env": {"T": "${file:token}", "U": "${file:token}", "H": "${env:HOME}/x"}}}})"),
      home.path() / "tools.json"
  );
  EXPECT_THAT(
      config.sources.at("a").secrets,
      ElementsAre(Secret{"OPSROOM_TEST_TOKEN", "from-env"}, Secret{"token", "s3cret"})
  );
}

TEST(ToolsConfig, AMissingSecretStopsItsSourceAndNoOther) {
  const auto config = parse(R"({"mcpServers": {
      "a": {"command": "x", "env": {"T": "${env:OPSROOM_NOT_SET}"}}, "b": {"command": "x"}},
      "plugins": {"p": {"env": {"T": "${file:/nowhere/at/all}"}}}})");
  const SourceConfig& a = config.sources.at("a");
  EXPECT_EQ(a.refusal, "the environment variable OPSROOM_NOT_SET is not set");
  EXPECT_THAT(a.refusal_hint, HasSubstr("Set OPSROOM_NOT_SET where opsroom starts"));
  EXPECT_EQ(a.refusal_code, Code::not_found);
  EXPECT_EQ(config.sources.at("b").refusal, "");
  EXPECT_THAT(config.sources.at("p").refusal, HasSubstr("${file:/nowhere/at/all} cannot be read"));
}

TEST(ToolsConfig, AReferenceToNothingOrToAPipeStopsItsSource) {
  const TemporaryDirectory home;
  ASSERT_EQ(::mkfifo((home.path() / "pipe").c_str(), 0600), 0);
  const auto config = parse_tools_config(
      Json::parse(R"({"mcpServers": {"a": {"command": "x", "args": ["${env:}"]},
        "b": {"command": "x", "args": ["${file:}"]},
        "c": {"command": "x", "args": ["${file:pipe}"]}}})"),
      home.path() / "tools.json"
  );
  EXPECT_EQ(config.sources.at("a").refusal, "${env:} names nothing");
  EXPECT_EQ(config.sources.at("b").refusal, "${file:} names nothing");
  EXPECT_THAT(config.sources.at("c").refusal, HasSubstr("it is no file but a pipe or a socket"));
}

TEST(ToolsConfig, AnUnclosedReferenceIsAnErrorOfTheFile) {
  EXPECT_THAT(
      failure_of(R"({"mcpServers": {"a": {"command": "x", "args": ["${env:X"]}}})"),
      HasSubstr("server 'a': '${env:X' is not closed")
  );
}

TEST(ToolsConfig, ABrokenFileIsNamedWithLineAndColumn) {
  const TemporaryDirectory home;
  write_file(home.path() / "tools.json", "{\n  \"plugins\": {,}\n}");
  try {
    load_tools_config(home.path() / "tools.json");
    FAIL() << "accepted";
  } catch (const Failure& failure) {
    EXPECT_THAT(failure.message(), HasSubstr("tools.json: not JSON at line 2"));
  }
}

TEST(Duration, IsAWholeNumberWithAUnit) {
  EXPECT_EQ(parse_duration("500ms"), Clock::duration(500ms));
  EXPECT_EQ(parse_duration("10m"), Clock::duration(10min));
  for (const char* bad : {"", "5", "s", "0s", "-1s", "1.5s", "5 s", "99999999999h"}) {
    EXPECT_FALSE(parse_duration(bad)) << bad;
  }
  EXPECT_EQ(duration_text(90s), "90 s");
  EXPECT_EQ(duration_text(10min), "10 min");
}

TEST(Glob, MatchesWholeNames) {
  EXPECT_TRUE(matches_glob("read_*", "read_file"));
  EXPECT_TRUE(matches_glob("*", ""));
  EXPECT_TRUE(matches_glob("a*b*c", "a1b2b3c"));
  EXPECT_TRUE(matches_glob("?et", "get"));
  EXPECT_FALSE(matches_glob("read", "read_file"));
  EXPECT_FALSE(matches_glob("*_all", "all"));
}

TEST(Glob, ManyStarsStayFast) {
  const std::string text(5000, 'a');
  EXPECT_FALSE(matches_glob("*a*a*a*a*a*a*a*a*a*a*b", text));
}

}  // namespace
}  // namespace opsroom::tools
