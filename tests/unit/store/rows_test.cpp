#include "store/rows.hpp"

#include <gmock/gmock.h>

namespace opsroom::store {
namespace {

TEST(JsonText, ReplacesNulAndBadUtf8EverywhereEvenInKeys) {
  const Json value{
      {std::string("k\0", 2), Json::array({std::string("a\0b", 3), 1, nullptr})},
      {"ok", "\xff"},
  };
  const Json back = Json::parse(json_text(value));
  EXPECT_EQ(
      back.at("k\xEF\xBF\xBD").at(0),
      "a\xEF\xBF\xBD"
      "b"
  );
  EXPECT_EQ(back.at("ok"), "\xEF\xBF\xBD");
  EXPECT_EQ(back.at("k\xEF\xBF\xBD").at(1), 1);
}

TEST(EventsText, CarriesLinesAsOneTextWithTheirNumber) {
  Event event;
  event.seq = 7;
  event.kind = "log";
  event.lines = {"a", "", "b\nc"};
  const Json written = Json::parse(events_text({event})).at(0);
  EXPECT_EQ(written.at("seq"), 7);
  EXPECT_EQ(written.at("n"), 3);
  EXPECT_EQ(written.at("lines"), "a\n\nb c");
  EXPECT_FALSE(written.contains("at")) << "the database says when, if we do not";
}

TEST(StepText, KeepsNullsApartFromEmptyTexts) {
  Step step;
  step.position = 2;
  step.error = "";
  const Json written = Json::parse(step_text(step));
  EXPECT_TRUE(written.at("delivery").is_null());
  EXPECT_EQ(written.at("error"), "");
  EXPECT_EQ(written.at("status"), "pending");
}

TEST(ArrayText, IsAnSqlArray) {
  const std::vector<int> none;
  const auto digits = [](int n) { return std::to_string(n); };
  EXPECT_EQ(array_text(none, digits), "{}");
  EXPECT_EQ(array_text(std::vector<int>{1, 22}, digits), "{1,22}");
}

}  // namespace
}  // namespace opsroom::store
