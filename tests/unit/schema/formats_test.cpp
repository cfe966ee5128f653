#include "schema/formats.hpp"

#include "base/failure.hpp"
#include "schema/validator.hpp"

#include <gtest/gtest.h>

namespace opsroom::schema {
namespace {

TEST(Formats, AreAssertedOnRequestOnly) {
  const Json schema = {{"format", "date"}};
  EXPECT_TRUE(Validator(schema).validate("yesterday").empty());
  Options options;
  options.assert_formats = true;
  const Validator strict(schema, options);
  EXPECT_FALSE(strict.validate("yesterday").empty());
  EXPECT_TRUE(strict.validate("2024-02-29").empty());
  EXPECT_TRUE(strict.validate(5).empty());
}

TEST(Formats, ThatCannotBeCheckedAreRefusedByName) {
  Options options;
  options.assert_formats = true;
  try {
    Validator(Json{{"format", "idn-hostname"}}, options);
    FAIL() << "accepted";
  } catch (const Failure& failure) {
    EXPECT_NE(failure.message().find("idn-hostname"), std::string::npos);
  }
}

TEST(Formats, KnowTheirEdges) {
  struct Row {
    const char* format;
    const char* text;
    bool fits;
  };
  const Row rows[] = {
      {"date", "2023-02-29", false},
      {"date", "2024-02-29", true},
      {"date-time", "2024-01-01T00:00:00Z", true},
      {"date-time", "2024-01-01 00:00:00Z", false},
      {"date-time", "1998-12-31T23:59:60Z", true},
      {"date-time", "1998-12-31T15:59:60.123-08:00", true},
      {"date-time", "1998-12-31T22:59:60Z", false},
      {"time", "12:00:00+24:00", false},
      {"duration", "P4DT12H30M5S", true},
      {"duration", "P1YT", false},
      {"duration", "P1Y2W", false},
      {"email", "joe.bloggs@example.com", true},
      {"email", ".joe@example.com", false},
      {"email", "joe@[127.0.0.1]", true},
      {"ipv4", "192.168.0.1", true},
      {"ipv4", "192.168.00.1", false},
      {"ipv4", "256.1.1.1", false},
      {"ipv6", "::ffff:192.168.0.1", true},
      {"ipv6", "fe80::a%eth1", false},
      {"hostname", "a-b.example", true},
      {"hostname", "-a.example", false},
      {"uri", "https://user@example.com:80/a?b#c", true},
      {"uri", "/relative", false},
      {"uri", "https://exa mple.com", false},
      {"uri-reference", "/relative?x", true},
      {"uuid", "2eb8aa08-aa98-11ea-b4aa-73b441d16380", true},
      {"uuid", "2eb8aa08aa98-11ea-b4aa-73b441d16380-", false},
      {"json-pointer", "/a~0b", true},
      {"json-pointer", "/a~2b", false},
      {"relative-json-pointer", "01/a", false},
      {"regex", "^(a|b)+$", true},
      {"regex", "(", false},
      {"uri-template", "/a/{id}{?q*}", true},
      {"uri-template", "/a/{id", false},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(fits_format(row.format, row.text), row.fits) << row.format << " " << row.text;
  }
}

}  // namespace
}  // namespace opsroom::schema
