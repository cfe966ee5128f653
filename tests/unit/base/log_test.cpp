#include "base/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace opsroom {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Log, PassesEveryLineThroughTheFilter) {
  const auto before = spdlog::default_logger();
  ::testing::internal::CaptureStderr();
  set_up_log("log-test", "info");
  set_log_filter([](std::string line) {
    const auto at = line.find("hunter2");
    return at == std::string::npos ? line : line.replace(at, 7, "[hidden]");
  });
  spdlog::info("the word is {}", "hunter2");
  set_log_filter(nullptr);
  spdlog::info("without a filter");
  spdlog::set_default_logger(before);
  const std::string shown = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(shown, HasSubstr("the word is [hidden]"));
  EXPECT_THAT(shown, Not(HasSubstr("hunter2")));
  EXPECT_THAT(shown, HasSubstr("without a filter"));
}

}  // namespace
}  // namespace opsroom
