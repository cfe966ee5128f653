#include "model/tool_output.hpp"

#include <gtest/gtest.h>

namespace opsroom {
namespace {

TEST(ToolOutput, IsNothingAtFirst) {
  EXPECT_TRUE(ToolOutput().json().is_null());
}

TEST(ToolOutput, ATextBecomesAnObjectForWhoeverLooks) {
  const auto said = ToolOutput::of_text("so");
  EXPECT_EQ(said.json(), (Json{{"text", "so"}}));
  EXPECT_EQ(said["text"], "so");
  EXPECT_EQ(said.at("text"), "so") << "the second time too";
  EXPECT_EQ(said.value("exit_code", 3), 3);
  EXPECT_EQ(said, ToolOutput(Json{{"text", "so"}}));
}

TEST(ToolOutput, IsMovedAndCopiedBeforeAndAfterALook) {
  auto said = ToolOutput::of_text("so");
  const ToolOutput copy = said;
  EXPECT_EQ(copy.json(), said.json());
  const ToolOutput moved = std::move(said);
  EXPECT_EQ(moved, copy);
}

TEST(ToolOutput, CanBeAddedTo) {
  auto said = ToolOutput::of_text("so");
  said.json()["content"] = Json::array();
  EXPECT_EQ(said.json().size(), 2U);
  said = Json{{"a", 1}};
  EXPECT_EQ(said.json(), (Json{{"a", 1}}));
}

}  // namespace
}  // namespace opsroom
