#include "workspace/patch.hpp"

#include "base/failure.hpp"

#include <gtest/gtest.h>

namespace opsroom::workspace {
namespace {

using namespace std::string_literals;

TEST(FileList, JoinsStatusesWithCounts) {
  std::size_t count = 0;
  const Json files = parse_file_list(
      ":100644 100644 1 2 M\0a.txt\0:100644 100644 3 4 R087\0old\tname\0new\nname\0"
      ":000000 100644 0 5 A\0data\0"
      "1\t2\ta.txt\0"
      "3\t0\t\0old\tname\0new\nname\0-\t-\tdata\0"s,
      10,
      count
  );
  ASSERT_EQ(count, 3u);
  EXPECT_EQ(files[0], (Json{{"path", "a.txt"}, {"status", "M"}, {"added", 1}, {"deleted", 2}}));
  EXPECT_EQ(files[1]["path"], "new\nname");
  EXPECT_EQ(files[1]["from"], "old\tname");
  EXPECT_EQ(files[1]["status"], "R");
  EXPECT_EQ(files[1]["added"], 3);
  EXPECT_EQ(files[2]["binary"], true);
  EXPECT_TRUE(files[2]["added"].is_null());
}

TEST(FileList, IsCutAtTheLimitButCountsAll) {
  std::size_t count = 0;
  const Json files = parse_file_list(
      ":0 1 1 2 A\0x\0:0 1 1 2 A\0y\0"
      "1\t0\tx\0"
      "1\t0\ty\0"s,
      1,
      count
  );
  EXPECT_EQ(count, 2u);
  EXPECT_EQ(files.size(), 1u);
}

TEST(FileList, NamesBecomeValidUtf8) {
  std::size_t count = 0;
  const Json files = parse_file_list(
      ":0 1 1 2 A\0b\xff\0"
      "1\t0\tb\xff\0"s,
      10,
      count
  );
  EXPECT_EQ(files[0]["path"], "b\xEF\xBF\xBD");
}

TEST(FileList, ThatEndsEarlyIsAFailure) {
  std::size_t count = 0;
  EXPECT_THROW(parse_file_list(":0 1 1 2 A\0x\0"s, 10, count), Failure);
}

}  // namespace
}  // namespace opsroom::workspace
