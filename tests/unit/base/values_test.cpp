#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/text.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>
#include <vector>

namespace opsroom {
namespace {

TEST(FailureTable, TellsEveryCodeApartByName) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(Code::internal); ++i)
    names.insert(code_name(static_cast<Code>(i)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Code::internal) + 1);
}

TEST(FailureTable, MapsToStatusAndExitCode) {
  EXPECT_EQ(http_status(Code::invalid), 422);
  EXPECT_EQ(exit_code(Code::invalid), 2);
  EXPECT_EQ(http_status(Code::unavailable), 503);
  EXPECT_EQ(exit_code(Code::unavailable), 5);
  EXPECT_EQ(exit_code(Code::internal), 70);
}

TEST(FailureTable, KnowsWhatASystemErrorMeans) {
  const Failure full = system_failure(ENOSPC, "write /x");
  EXPECT_EQ(full.code(), Code::exhausted);
  EXPECT_THAT(full.message(), testing::StartsWith("write /x: No space left"));
  EXPECT_THAT(full.hint(), testing::HasSubstr("The disk is full"));
  EXPECT_EQ(system_failure(ENOENT, "open /x").code(), Code::not_found);
}

TEST(Text, BecomesStorable) {
  EXPECT_EQ(
      printable_utf8(std::string_view("a\0b", 3)),
      "a\xEF\xBF\xBD"
      "b"
  );
  EXPECT_EQ(printable_utf8("h\xC3\xA9"), "h\xC3\xA9");
  EXPECT_EQ(printable_utf8("\xC3("), "\xEF\xBF\xBD(");
}

TEST(Text, IsMadeIntoSlugsListsAndGuesses) {
  EXPECT_EQ(slug("Fix the Login!"), "fix-the-login");
  EXPECT_LE(slug(std::string(100, 'a')).size(), 40u);
  EXPECT_EQ(listing({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(nearest("mian", {"main", "topic"}), "main");
  EXPECT_EQ(nearest("zzzzzz", {"main", "topic"}), std::nullopt);
}

TEST(Text, BecomesNumbersWithinARange) {
  EXPECT_EQ(number_in_range("12", "PORT", 1, 20), 12);
  for (const char* wrong : {"", "x", "1x", "0", "21", "99999999999999999999"})
    EXPECT_THROW(number_in_range(wrong, "PORT", 1, 20), Failure) << wrong;
}

TEST(Digest, IsSha256) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, OfAFileIsThatOfItsBytes) {
  const auto path = std::filesystem::temp_directory_path() / ("digest-" + random_hex(8));
  const std::string bytes(700'000, 'x');
  write_file(path, bytes);
  EXPECT_EQ(sha256_of_file(path), sha256_hex(bytes));
  std::filesystem::remove(path);
  EXPECT_THROW(sha256_of_file(path), Failure);
}

TEST(Digest, OfTheGeneratorIsHexAndNewEachTime) {
  EXPECT_EQ(random_hex(16).size(), 32u);
  EXPECT_NE(random_hex(16), random_hex(16));
  EXPECT_TRUE(equal_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace opsroom
