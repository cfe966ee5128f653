#include "cli/demo_scene.hpp"

#include "app/settings.hpp"
#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/json.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <utility>
#include <vector>

namespace opsroom::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view run_tests_yaml = R"(name: run-tests
description: Runs the project's tests
steps:
  - id: test
    tool: exec.run
    with: { command: [python3, -m, unittest, -v] }
    timeout: 1m
)";

constexpr std::string_view edit_readme_yaml = R"(name: edit-readme
description: Edits the README through an MCP server
steps:
  - id: read
    tool: fs.read_text_file
    with: { path: "${{ lane.directory }}/README.md" }
    timeout: 1m
  - id: edit
    tool: fs.edit_file
    with:
      path: "${{ lane.directory }}/README.md"
      edits:
        - oldText: "Counts words."
          newText: "Counts the words of a text, however they are spaced."
    timeout: 1m
)";

constexpr std::string_view fix_and_commit_yaml = R"(name: fix-and-commit
description: Fixes the program, tests it and commits
steps:
  - id: fix
    tool: files.write
    with:
      path: wordcount.py
      content: |
        def count(text):
            """Number of words in a text."""
            return len(text.split())
  - id: test
    tool: exec.run
    with: { command: [python3, -m, unittest, -v] }
    timeout: 1m
  - id: commit
    tool: git.commit
    with: { message: "Split on any white space, ${{ steps.test.output.exit_code }} failures left" }
)";

constexpr std::string_view soak_yaml = R"(name: soak
description: Long work that somebody will cancel
steps:
  - id: soak
    tool: exec.run
    with:
      command:
        - sh
        - -c
        - 'i=0; while [ $i -lt 600 ]; do i=$((i+1)); echo "soak round $i"; echo $i >> soak.txt; sleep 0.2; done'
    timeout: 10m
)";

Json server_filesystem() {
  if (const auto modules = app::process_environment("OPSROOM_NPM_DIR")) {
    const fs::path script =
        fs::path(*modules) / "@modelcontextprotocol/server-filesystem/dist/index.js";
    if (fs::exists(script)) return {{"command", "node"}, {"args", {script.string(), "."}}};
  }
  return {
      {"command", "npx"}, {"args", {"-y", "@modelcontextprotocol/server-filesystem@2026.8.31", "."}}
  };
}

Json tools_json() {
  Json server = server_filesystem();
  server["opsroom"] = {{"scope", "lane"}, {"timeout", "60s"}};
  return {
      {"mcpServers", {{"fs", std::move(server)}}},
      {"plugins",
       {{"exec", {{"library", "exec.so"}}},
        {"files", {{"library", "files.so"}}},
        {"git", {{"library", "git.so"}}}}},
  };
}

Task<> git(process::Spawner& spawner, fs::path directory, std::vector<std::string> arguments) {
  process::Command command;
  command.spawn.argv = {
      "git",
      "-c",
      "user.name=Demo",
      "-c",
      "user.email=demo@localhost",
      "-c",
      "init.defaultBranch=main"
  };
  for (std::string& argument : arguments)
    command.spawn.argv.push_back(std::move(argument));
  command.spawn.directory = std::move(directory);
  command.spawn.environment = process::base_environment();
  const std::string what = command.spawn.argv[7];
  auto running = process::run_command(spawner, std::move(command));
  const process::CommandResult result = co_await std::move(running);
  if (!result.status.ok()) {
    throw Failure(
        Code::unavailable, fmt::format("git {} {}: {}", what, result.status.text(), result.err)
    );
  }
}

}  // namespace

const std::map<std::string, std::string>& original_files() {
  static const std::map<std::string, std::string> files{
      {"README.md", "# wordcount\n\nCounts words.\n"},
      {"wordcount.py",
       "def count(text):\n    \"\"\"Number of words in a text.\"\"\"\n    return len(text.split(' "
       "'))\n"},
      {"test_wordcount.py",
       "import unittest\n\nfrom wordcount import count\n\n\nclass CountTest(unittest.TestCase):\n"
       "    def test_one_space(self):\n        self.assertEqual(count('to be'), 2)\n\n"
       "    def test_many_spaces(self):\n        self.assertEqual(count('to   be or'), 3)\n\n"
       "    def test_nothing(self):\n        self.assertEqual(count(''), 0)\n"},
      {".gitignore", "__pycache__/\n"},
  };
  return files;
}

Task<DemoScene> build_scene(process::Spawner& spawner) {
  DemoScene scene;
  scene.root = fs::temp_directory_path() / ("opsroom-demo-" + random_hex(4));
  scene.repository = scene.root / "wordcount";
  scene.runbooks = scene.root / "runbooks";
  scene.tools = scene.root / "tools.json";
  scene.workspaces = scene.root / "workspaces";
  scene.home = scene.root / "home";
  scene.log = scene.root / "opsroom.log";
  for (const auto& directory : {scene.repository, scene.runbooks, scene.workspaces}) {
    make_directories(directory);
  }
  for (const auto& [name, content] : original_files()) {
    write_file(scene.repository / name, content);
  }
  write_file(scene.runbooks / "run-tests.yaml", run_tests_yaml);
  write_file(scene.runbooks / "edit-readme.yaml", edit_readme_yaml);
  write_file(scene.runbooks / "fix-and-commit.yaml", fix_and_commit_yaml);
  write_file(scene.runbooks / "soak.yaml", soak_yaml);
  write_file(scene.tools, tools_json().dump(2) + "\n");
  // Named first: g++ 12 takes no braced list inside co_await.
  const std::vector<std::vector<std::string>> commands{
      {"init", "--quiet"}, {"add", "."}, {"commit", "--quiet", "-m", "Count words"}
  };
  for (const std::vector<std::string>& arguments : commands) {
    co_await git(spawner, scene.repository, arguments);
  }
  co_return scene;
}

}  // namespace opsroom::cli
