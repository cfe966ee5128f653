#include "cli/plugin_project.hpp"

// What `opsroom plugin new` writes; @NAME@ gives way to the plugin's name.

namespace opsroom::cli {
namespace {

constexpr const char* cmake_lists = R"(cmake_minimum_required(VERSION 3.25)
project(@NAME@ VERSION 0.1.0 LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

find_package(opsroom-sdk REQUIRED)
enable_testing()

# build/lib/opsroom/plugins/@NAME@.so for opsroom, build/bin/@NAME@-mcp for any MCP client.
opsroom_add_tool(@NAME@ SOURCES @NAME@.cpp)
opsroom_add_tool_test(@NAME@_test TOOL @NAME@ SOURCES @NAME@_test.cpp)
)";

constexpr const char* source = R"(#include <opsroom/tool.hpp>

namespace {

namespace tool = opsroom::tool;

// What the tool takes. The table becomes its JSON Schema, and what does not fit is refused.
struct GreetArgs {
  std::string name;
  int times = 1;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("name", &GreetArgs::name, "Whom to greet").not_empty(),
        tool::field("times", &GreetArgs::times, "How often").at_least(1).at_most(100)
    );
  }
};

// What it gives back, for the next steps of a runbook.
struct Greeting {
  std::string text;
  int times = 0;

  static constexpr auto fields() {
    return tool::fields(
        tool::field("text", &Greeting::text, "The greeting"),
        tool::field("times", &Greeting::times, "How often it was said")
    );
  }
};

tool::Outcome<Greeting> greet(const GreetArgs& args, tool::Call& call) {
  Greeting greeting{"Hello, " + args.name + "!", 0};
  while (greeting.times < args.times) {
    call.checkpoint();  // leaves here when the step is cancelled
    ++greeting.times;
    call.log(tool::Level::info, greeting.text);
    call.progress(greeting.times, args.times);
  }
  return {greeting, greeting.text};
}

void add_tools(tool::Registry& tools) {
  // True hints: runbooks and people rely on them.
  tools.add<GreetArgs>(
      "greet",
      "Greets somebody.",
      greet,
      {.read_only = true, .destructive = false, .idempotent = true, .open_world = false}
  );
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 = tool::plugin<add_tools>("@NAME@", "0.1.0");
)";

constexpr const char* test = R"(#include <opsroom/testkit/every_way.hpp>

namespace testkit = opsroom::testkit;

namespace {

// Each test runs in memory, through opsroom-plugin-runner, and as an MCP server.
class Greet : public testkit::EveryWay {};
OPSROOM_EVERY_WAY(Greet);

}  // namespace

TEST_P(Greet, GreetsByName) {
  const auto result = call("greet", {{"name", "Ann"}, {"times", 2}});
  ASSERT_TRUE(result.ok()) << result;
  EXPECT_EQ(result.text(), "Hello, Ann!");
  EXPECT_EQ(result.data()["times"], 2);
  EXPECT_EQ(result.logs.size(), 2u);
}

TEST_P(Greet, RefusesAnEmptyName) {
  const auto result = call("greet", {{"name", ""}});
  EXPECT_EQ(result.end, testkit::End::refused) << result;
}

TEST_P(Greet, ShowsNothingWrong) {
  EXPECT_EQ(tool().manifest_problems(), std::vector<std::string>{});
}

TEST(GreetInMemory, StopsAtEveryCheckpoint) {
  const auto kit = testkit::in_memory(opsroom_plugin_v1);
  const testkit::CallSpec spec{.tool = "greet", .arguments = {{"name", "Ann"}, {"times", 3}}};
  testkit::cancel_everywhere(*kit, spec, [](std::size_t n, const testkit::Result& result) {
    EXPECT_EQ(result.end, testkit::End::cancelled) << "at checkpoint " << n << ": " << result;
  });
}
)";

constexpr const char* tools_json = R"({
  "plugins": {
    "@NAME@": { "library": "./build/lib/opsroom/plugins/@NAME@.so" },
    "exec": {},
    "files": {},
    "git": {}
  }
}
)";

constexpr const char* runbook = R"(name: @NAME@
description: Greets somebody with the tool of this project.
inputs:
  name: { type: string, description: Whom to greet, default: world }
steps:
  - id: greet
    tool: @NAME@.greet
    with:
      name: ${{ inputs.name }}
      times: 2
  - id: keep
    tool: files.write
    with:
      path: greeting.txt
      content: ${{ steps.greet.output.text }}
)";

constexpr const char* readme = R"(# @NAME@

A tool plugin for opsroom, and an MCP server for any client.

    cmake -B build -G Ninja
    cmake --build build
    ctest --test-dir build --output-on-failure

`build/lib/opsroom/plugins/@NAME@.so` is the plugin, `build/bin/@NAME@-mcp` the server.

    opsroom plugin check build/lib/opsroom/plugins/@NAME@.so
    opsroom tools call @NAME@.greet '{"name": "Ann"}'

`tools.json` names the plugin, `runbooks/@NAME@.yaml` uses it. With `opsroom up` running in this
directory:

    opsroom run @NAME@ --repo . --input name=Ann --follow

If CMake does not find opsroom-sdk, say where it is installed: `-DCMAKE_PREFIX_PATH=/opt/opsroom`.
)";

std::string named(std::string text, const std::string& name) {
  const std::string mark = "@NAME@";
  for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at))
    text.replace(at, mark.size(), name);
  return text;
}

}  // namespace

std::vector<ProjectFile> plugin_project(const std::string& name) {
  return {
      {"CMakeLists.txt", named(cmake_lists, name)},
      {name + ".cpp", named(source, name)},
      {name + "_test.cpp", named(test, name)},
      {"tools.json", named(tools_json, name)},
      {"runbooks/" + name + ".yaml", named(runbook, name)},
      {"README.md", named(readme, name)},
      {".gitignore", "build/\n"}
  };
}

}  // namespace opsroom::cli
