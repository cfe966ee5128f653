#pragma once
/// The same test body in memory, through the runner, and as an MCP server. opsroom_add_tool_test()
/// of the CMake package tells where the three are.
///
///     class Greet : public opsroom::testkit::EveryWay {};
///     OPSROOM_EVERY_WAY(Greet);
///     TEST_P(Greet, SaysHello) { EXPECT_EQ(call("greet", {{"name", "Ann"}}).text(), "Hello"); }
#include <gtest/gtest.h>

#include <opsroom/testkit.hpp>
#include <stdexcept>

namespace opsroom::testkit {

enum class Way { memory, runner, server };

/// A fixture with the tool under test; a class derived from it may override options().
class EveryWay : public testing::TestWithParam<Way> {
 protected:
  virtual Options options() const { return {}; }

  /// The tool the test's parameter asks for, started when first used.
  Tool& tool() {
    if (!tool_) tool_ = make();
    return *tool_;
  }
  Result call(const std::string& name, json arguments = json::object()) {
    return tool().call(name, std::move(arguments));
  }
  Result call(const CallSpec& spec) { return tool().call(spec); }

 private:
  std::unique_ptr<Tool> make() const {
#if defined(OPSROOM_TESTKIT_LIBRARY)
    if (GetParam() == Way::memory) return in_memory(opsroom_plugin_v1, options());
    if (GetParam() == Way::runner)
      return through_runner(OPSROOM_TESTKIT_RUNNER, OPSROOM_TESTKIT_LIBRARY, options());
    return as_server({OPSROOM_TESTKIT_SERVER}, options());
#else
    throw std::logic_error("make the test with opsroom_add_tool_test()");
#endif
  }

  std::unique_ptr<Tool> tool_;
};

inline std::string way_name(const testing::TestParamInfo<Way>& info) {
  return info.param == Way::memory ? "Memory" : info.param == Way::runner ? "Runner" : "Server";
}

}  // namespace opsroom::testkit

#define OPSROOM_EVERY_WAY(fixture)       \
  INSTANTIATE_TEST_SUITE_P(              \
      EveryWay,                          \
      fixture,                           \
      testing::Values(                   \
          opsroom::testkit::Way::memory, \
          opsroom::testkit::Way::runner, \
          opsroom::testkit::Way::server  \
      ),                                 \
      opsroom::testkit::way_name         \
  )
