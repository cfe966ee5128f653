// The same tool in the host's own process and in one of its own: the same powers, the same
// outcomes.
#include "integration/tools/inprocess_fixture.hpp"

#include <opsroom/plugin.h>

namespace opsroom::tools::test {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

/// The same tool, in process and in a process of its own.
class InprocessTwin : public Inprocess {
 protected:
  struct Both {
    ToolResult inside;
    ToolResult outside;
  };

  Both call_both(const std::string& tool, const Json& arguments = Json::object()) {
    Both both;
    both.inside = call(library_ + "." + tool, arguments);
    both.outside = call("outside." + tool, arguments);
    EXPECT_EQ(both.inside.succeeded, both.outside.succeeded);
    EXPECT_EQ(both.inside.delivery, both.outside.delivery);
    EXPECT_EQ(both.inside.output.json(), both.outside.output.json());
    return both;
  }

  void add_twins(const std::string& name, const std::string& sampling = "") {
    library_ = name;
    add(name).sampling_tool = sampling;
    add_outside(name).sampling_tool = sampling;
  }

 private:
  std::string library_;
};

TEST_F(InprocessTwin, PowersAreTheSame) {
  add_twins("misbehaving");
  const Both both = call_both("powers");
  ASSERT_TRUE(both.inside.succeeded) << both.inside.error;
  EXPECT_EQ(both.inside.output.at("lent"), 0b01111);
  EXPECT_EQ(both.inside.output.at("status"), OPSROOM_INPUT_REQUIRED);
  EXPECT_TRUE(both.inside.output.at("capabilities").contains("elicitation"));
}

TEST_F(InprocessTwin, AQuestionPutInPlaceIsKeptToo) {
  add_twins("fixture");
  const Both both = call_both("ship_in_place");
  ASSERT_TRUE(both.inside.suspended) << both.inside.error;
  ASSERT_TRUE(both.outside.suspended) << both.outside.error;
  ASSERT_THAT(both.inside.suspended->asks, SizeIs(1));
  EXPECT_EQ(both.inside.suspended->asks[0].params, both.outside.suspended->asks[0].params);
}

TEST_F(InprocessTwin, ABigArtifactIsTakenFromItsFile) {
  add_twins("fixture");
  const Both both = call_both("big_artifact");
  for (const ToolResult* result : {&both.inside, &both.outside}) {
    ASSERT_THAT(result->artifacts, SizeIs(1)) << result->error;
    EXPECT_EQ(result->artifacts[0].name, "big.bin");
    EXPECT_EQ(result->artifacts[0].media_type, "application/octet-stream");
    EXPECT_EQ(result->artifacts[0].content, std::string(std::size_t{2} << 20, 'b'));
    EXPECT_TRUE(result->artifacts[0].file.empty());
  }
}

TEST_F(InprocessTwin, WhatItsModelShallSayIsSaidByTheSamplingTool) {
  add_twins("misbehaving", "outside.powers");
  const ToolResult result = call("misbehaving.sample");
  ASSERT_TRUE(result.succeeded) << result.error;
  const Json said = result.output.at("inputResponses").at("say");
  EXPECT_THAT(said.at("content").at("text").get<std::string>(), HasSubstr("\"lent\":15"));
  ASSERT_THAT(result.records, SizeIs(2));
  EXPECT_EQ(result.records[0].outcome, "input_required");
  const ToolResult outside = call("outside.sample");
  ASSERT_TRUE(outside.succeeded) << outside.error;
  EXPECT_EQ(said, outside.output.at("inputResponses").at("say"));
}

TEST_F(InprocessTwin, ASamplingThatNobodyAnswersIsRefused) {
  add_twins("misbehaving");
  const ToolResult result = call("misbehaving.sample");
  EXPECT_FALSE(result.succeeded);
  EXPECT_EQ(result.delivery, Delivery::answered);
  EXPECT_THAT(result.error, HasSubstr("which it was not offered"));
  EXPECT_THAT(result.hint, HasSubstr("\"sampling\""));
}

}  // namespace
}  // namespace opsroom::tools::test
