#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <integration/sdk/mcp_process.hpp>

namespace opsroom::test {

/// The files plugin over a checkout of its own.
class FilesFixture : public testing::Test {
 protected:
  void SetUp() override { server_.open_legacy(); }

  std::filesystem::path at(const std::string& name) const { return directory_.path() / name; }
  void put(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(at(name).parent_path());
    std::ofstream(at(name), std::ios::binary) << text;
  }
  json call(const std::string& tool, const json& arguments) {
    return server_.call(tool, arguments);
  }
  json output(const std::string& tool, const json& arguments) {
    const json result = call(tool, arguments);
    EXPECT_FALSE(result.contains("isError")) << result;
    return result["structuredContent"];
  }
  std::string refused(const std::string& tool, const json& arguments) {
    const json result = call(tool, arguments);
    EXPECT_EQ(result.value("isError", false), true) << result;
    return text_of(result);
  }
  /// How many files and directories there are: no temporary file may stay.
  std::size_t entries() const {
    const std::filesystem::recursive_directory_iterator all(directory_.path());
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  TempDir directory_;
  McpProcess server_{runner(plugin("files")), directory_.path()};
};

}  // namespace opsroom::test
