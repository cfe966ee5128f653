#include "model/trace.hpp"

#include <gtest/gtest.h>

namespace opsroom {
namespace {

const std::string trace = "0af7651916cd43dd8448eb211c80319c";
const std::string span = "b7ad6b7169203331";

std::string passed_on(const std::string& header) {
  const auto parent = trace_parent(header);
  return parent ? to_string(*parent) : "none";
}

TEST(TraceParentHeader, IsReadAndWritten) {
  EXPECT_EQ(passed_on("00-" + trace + "-" + span + "-01"), "00-" + trace + "-" + span + "-01");
  EXPECT_EQ(passed_on(" 00-" + trace + "-" + span + "-00\t"), "00-" + trace + "-" + span + "-00");
}

TEST(TraceParentHeader, OfALaterVersionIsPassedOnAsOurs) {
  const std::string ours = "00-" + trace + "-" + span + "-01";
  EXPECT_EQ(passed_on("01-" + trace + "-" + span + "-01"), ours);
  EXPECT_EQ(passed_on("cc-" + trace + "-" + span + "-01-more-of-it"), ours);
  EXPECT_EQ(passed_on("cc-" + trace + "-" + span + "-01."), "none");
  EXPECT_EQ(passed_on("ff-" + trace + "-" + span + "-01"), "none");
}

TEST(TraceParentHeader, KeepsOnlyTheFlagsThatAreKnown) {
  EXPECT_EQ(passed_on("00-" + trace + "-" + span + "-ff"), "00-" + trace + "-" + span + "-03");
  EXPECT_EQ(passed_on("00-" + trace + "-" + span + "-08"), "00-" + trace + "-" + span + "-00");
}

TEST(TraceParentHeader, ThatIsNotValidIsNone) {
  for (const std::string& header :
       {std::string(),
        "00-" + trace + "-" + span,
        "00-" + trace + "-" + span + "-01-x",
        "00-" + trace + "-" + span + "-1",
        "00-" + trace + "-" + span + "-0G",
        "00-" + std::string(32, '0') + "-" + span + "-01",
        "00-" + trace + "-" + std::string(16, '0') + "-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" + span + "-01",
        "00_" + trace + "-" + span + "-01",
        "0x-" + trace + "-" + span + "-01"}) {
    EXPECT_EQ(passed_on(header), "none") << header;
  }
}

TEST(TraceStateHeader, IsPassedOnAsItIs) {
  EXPECT_EQ(
      trace_state({"rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"}),
      "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
  );
  EXPECT_EQ(trace_state({"a=1", "", " b=2 "}), "a=1,b=2") << "its fields are one list";
  EXPECT_EQ(trace_state({"a=1,,\t b=2"}), "a=1,,\t b=2") << "empty members are allowed";
  EXPECT_EQ(trace_state({"0tenant@sys=x y,a-b_c*d/e=~!"}), "0tenant@sys=x y,a-b_c*d/e=~!");
  EXPECT_EQ(trace_state({}), "");
}

TEST(TraceStateHeader, ThatIsNotValidIsDroppedWhole) {
  std::string many;
  for (int i = 0; i < 33; ++i)
    many += "k" + std::to_string(i) + "=v,";
  for (const std::string& list :
       {std::string("novalue"),
        std::string("a="),
        std::string("=a"),
        std::string("A=1"),
        std::string("1a=1"),
        std::string("a=1,a=2"),
        std::string("a=1=2"),
        std::string("a=\x01"),
        std::string("a=\xc3\xa4"),
        std::string("t@=1"),
        std::string("t@SYS=1"),
        std::string("t@fifteenlettersx=1"),
        "a=" + std::string(257, 'x'),
        std::string(257, 'k') + "=1",
        many}) {
    EXPECT_EQ(trace_state({list}), "") << list;
  }
  EXPECT_NE(trace_state({many.substr(0, many.find("k32"))}), "") << "32 members are allowed";
}

}  // namespace
}  // namespace opsroom
