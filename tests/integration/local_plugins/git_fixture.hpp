#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <integration/sdk/mcp_process.hpp>
#include <memory>

namespace opsroom::test {

/// The git plugin over a checkout of its own, beside which there is room for a remote; nobody's
/// configuration but the test's.
class GitFixture : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("HOME", home_.path().c_str(), 1);
    ::setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
    server_ = std::make_unique<McpProcess>(runner(plugin("git")), directory_.path());
    server_->open_legacy();
  }

  /// A checkout on main with one commit, a file "a" of the lines 1 to 9.
  void start() {
    git("init -q -b main");
    put("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
    save("First");
  }
  /// A bare repository that the checkout calls origin.
  void add_origin() {
    shell("git init -q --bare -b main " + origin().string());
    git("remote add origin " + origin().string());
    git("push -q origin main");
  }
  std::filesystem::path origin() const { return home_.path() / "origin.git"; }
  std::filesystem::path at(const std::string& name) const { return directory_.path() / name; }

  void shell(const std::string& command) {
    ASSERT_EQ(std::system((command + " >/dev/null 2>&1").c_str()), 0) << command;
  }
  void git(const std::string& arguments) {
    shell(
        "git -C " + directory_.path().string() + " -c user.name=T -c user.email=t@example.org " +
        arguments
    );
  }
  std::string ask(const std::string& arguments) { return ask_in(directory_.path(), arguments); }
  std::string ask_in(const std::filesystem::path& where, const std::string& arguments) {
    const auto out = home_.path() / "answer";
    const std::string command = "git -C " + where.string() + " " + arguments + " > " + out.string();
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
    std::string text = contents(out);
    if (text.ends_with('\n')) text.pop_back();
    return text;
  }
  void put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(at(name).parent_path());
    std::ofstream(at(name)) << text;
  }
  void save(const std::string& message) {
    git("add -A");
    git("commit -q -m '" + message + "'");
  }
  static void program(const std::filesystem::path& file, const std::string& script) {
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file) << "#!/bin/sh\n" << script;
    std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  }

  json call(const std::string& tool, const json& arguments = json::object()) {
    return server_->call(tool, arguments);
  }
  json output(const std::string& tool, const json& arguments = json::object()) {
    const json result = call(tool, arguments);
    EXPECT_FALSE(result.contains("isError")) << result;
    return result["structuredContent"];
  }
  std::string refused(const std::string& tool, const json& arguments) {
    const json result = call(tool, arguments);
    EXPECT_EQ(result.value("isError", false), true) << result;
    return text_of(result);
  }

  TempDir home_;
  TempDir directory_;
  std::unique_ptr<McpProcess> server_;
};

}  // namespace opsroom::test
