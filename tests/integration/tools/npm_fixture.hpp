#pragma once

#include "integration/tools/fixture.hpp"

#include <cstdlib>
#include <iostream>

namespace opsroom::tools::test {

/// Real servers from npm over the real client. Skipped, loudly, only where there is no node.
class Npm : public ToolsTest {
 protected:
  void SetUp() override {
    if (std::system("command -v node >/dev/null 2>&1") != 0) {
      std::cerr << "*** no node on PATH: the tests against real MCP servers do NOT run ***\n";
      GTEST_SKIP();
    }
    ASSERT_TRUE(std::filesystem::exists(modules()))
        << modules() << " is missing: run npm ci there (package files in tests/npm)";
  }

  static std::filesystem::path modules() {
    const char* configured = std::getenv("OPSROOM_NPM_DIR");
    return configured != nullptr ? configured : OPSROOM_NPM;
  }

  void add(const std::string& name, std::vector<std::string> arguments, Scope scope = Scope::lane) {
    const auto script = modules() / "@modelcontextprotocol" / ("server-" + name) / "dist/index.js";
    std::vector<std::string> argv{"node", script.string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    add_server(name, std::move(argv), scope);
  }
};

}  // namespace opsroom::tools::test
