#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <opsroom/tool.hpp>
#include <string>
#include <vector>

namespace {

namespace tool = opsroom::tool;
using tool::json;

struct Inner {
  std::uint32_t count = 0;
  static constexpr auto fields() {
    return tool::fields(tool::field("count", &Inner::count, "How many"));
  }
};

struct Everything {
  std::string name;
  int times = 3;
  bool force = false;
  double ratio = 0;
  std::optional<std::string> note;
  std::vector<std::string> list;
  std::map<std::string, int> table;
  Inner inner;
  json anything;
  std::string mode = "fast";

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("name", &Everything::name, "Who").not_empty(),
        field("times", &Everything::times, "").at_least(1).at_most(9),
        option("force", &Everything::force, "Even so"),
        field("ratio", &Everything::ratio, "").at_least(0.5),
        field("note", &Everything::note, ""),
        field("list", &Everything::list, "").not_empty(),
        option("table", &Everything::table, ""),
        field("inner", &Everything::inner, ""),
        option("anything", &Everything::anything, ""),
        field("mode", &Everything::mode, "").one_of({"fast", "safe"})
    );
  }
};

json property(const char* name) {
  return tool::schema_of<Everything>()["properties"][name];
}

}  // namespace

TEST(Schema, AStructIsAClosedObject) {
  const json schema = tool::schema_of<Everything>();
  EXPECT_EQ(schema["type"], "object");
  EXPECT_EQ(schema["additionalProperties"], false);
}

TEST(Schema, OnlyFieldsWithoutAStartValueAreRequired) {
  EXPECT_EQ(
      tool::schema_of<Everything>()["required"], json::array({"name", "ratio", "list", "inner"})
  );
}

TEST(Schema, AStartValueIsTheDefault) {
  EXPECT_EQ(
      property("times"), (json{{"type", "integer"}, {"default", 3}, {"minimum", 1}, {"maximum", 9}})
  );
}

TEST(Schema, AnOptionShowsItsDefaultEvenWhenItIsTheEmptyValue) {
  EXPECT_EQ(
      property("force"), (json{{"type", "boolean"}, {"default", false}, {"description", "Even so"}})
  );
}

TEST(Schema, AStdOptionalMayBeNull) {
  EXPECT_EQ(property("note"), (json{{"type", json::array({"string", "null"})}}));
}

TEST(Schema, ContainersDescribeTheirElements) {
  EXPECT_EQ(
      property("list"), (json{{"type", "array"}, {"items", {{"type", "string"}}}, {"minItems", 1}})
  );
  EXPECT_EQ(property("table")["additionalProperties"]["type"], "integer");
}

TEST(Schema, NestedStructsNest) {
  EXPECT_EQ(property("inner")["properties"]["count"]["minimum"], 0);
  EXPECT_EQ(property("inner")["required"], json::array({"count"}));
}

TEST(Schema, LimitsAndChoicesShow) {
  EXPECT_EQ(property("name")["minLength"], 1);
  EXPECT_EQ(property("ratio")["minimum"], 0.5);
  EXPECT_EQ(property("mode")["enum"], json::array({"fast", "safe"}));
}

TEST(Schema, AResultRequiresEveryFieldAndStaysOpen) {
  const json schema = tool::output_schema_of<Everything>();
  EXPECT_EQ(schema["required"].size(), 10u);
  EXPECT_FALSE(schema.contains("additionalProperties"));
  EXPECT_FALSE(schema["properties"]["times"].contains("default"));
}

namespace {

enum class Colour { red, blue };
constexpr auto describe(Colour) {
  return tool::values<Colour>({{"red", Colour::red}, {"blue", Colour::blue}});
}
enum class Risk { none, some };
constexpr auto describe(Risk) {
  return tool::values<Risk>({{"none", Risk::none, "Nothing can happen"}, {"some", Risk::some}});
}

enum class Shade : unsigned char { dark = 1, bright = 200 };
constexpr auto describe(Shade) {
  return tool::values<Shade>({{"dark", Shade::dark}, {"bright", Shade::bright}});
}
struct Shaded {
  Shade shade = Shade::bright;
  static constexpr auto fields() { return tool::fields(tool::field("shade", &Shaded::shade, "")); }
};

struct Painted {
  Colour colour = Colour::red;
  Colour border = Colour::blue;
  std::optional<Colour> shade;
  Risk risk = Risk::none;
  std::variant<int, Inner> size;
  std::string note;
  std::vector<std::string> tags;
  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("colour", &Painted::colour, ""),
        field("border", &Painted::border, ""),
        field("shade", &Painted::shade, ""),
        tool::option("risk", &Painted::risk, ""),
        field("size", &Painted::size, ""),
        tool::option("note", &Painted::note, "").not_empty(),
        tool::option("tags", &Painted::tags, "").one_of({"a", "b"}).unique()
    );
  }
};

/// A limit that its type has no use for; pattern() itself would not compile.
struct Misdescribed {
  int count = 0;
  static constexpr auto fields() {
    auto count = tool::field("count", &Misdescribed::count, "");
    count.pattern_text = "^x";
    return tool::fields(count);
  }
};
struct OddFormat {
  std::string text;
  static constexpr auto fields() {
    return tool::fields(tool::field("text", &OddFormat::text, "").format("postcode"));
  }
};
struct Fractions {
  float third = 0.1F;
  std::vector<float> list{1, 2};
  Inner inner{5};
  static constexpr auto fields() {
    return tool::fields(
        tool::field("third", &Fractions::third, ""),
        tool::field("list", &Fractions::list, ""),
        tool::option("inner", &Fractions::inner, "")
    );
  }
};

json painted(const char* name) {
  return tool::schema_of<Painted>()["properties"][name];
}

}  // namespace

TEST(Schema, AnEnumShowsItsNamesAndItsTitlesWhereItHasSome) {
  EXPECT_EQ(painted("colour"), (json{{"type", "string"}, {"enum", {"red", "blue"}}}));
  EXPECT_EQ(painted("border")["default"], "blue");
  EXPECT_EQ(painted("shade")["enum"], json::array({"red", "blue", nullptr}));
  EXPECT_EQ(
      painted("risk")["oneOf"],
      (json{
          {{"const", "none"}, {"title", "Nothing can happen"}},
          {{"const", "some"}, {"title", "some"}}
      })
  );
}

TEST(Schema, AnEnumMayBeOfAnyIntegerType) {
  EXPECT_EQ(tool::schema_of<Shaded>()["properties"]["shade"]["default"], "bright");
  EXPECT_EQ(tool::write(Shaded{}), (json{{"shade", "bright"}}));
  EXPECT_EQ(tool::read<Shaded>({{"shade", "dark"}}).shade, Shade::dark);
  EXPECT_EQ(tool::read<Shaded>({{"shade", "bright"}}).shade, Shade::bright);
}

TEST(Schema, AVariantIsAnyOfItsAlternatives) {
  EXPECT_EQ(painted("size")["anyOf"].size(), 2u);
  EXPECT_EQ(painted("size")["anyOf"][1]["required"], json::array({"count"}));
}

TEST(Schema, AnEnumOrVariantThatStartsWithItsFirstValueIsRequired) {
  EXPECT_EQ(tool::schema_of<Painted>()["required"], json::array({"colour", "size"}));
}

TEST(Schema, AStartValueThatMeansNotGivenIsNoDefault) {
  EXPECT_FALSE(painted("note").contains("default"));
  EXPECT_EQ(painted("note")["minLength"], 1);
}

TEST(Schema, LimitsOnValuesGoToTheElementsOfAList) {
  EXPECT_EQ(painted("tags")["items"]["enum"], json::array({"a", "b"}));
  EXPECT_FALSE(painted("tags").contains("enum"));
  EXPECT_EQ(painted("tags")["uniqueItems"], true);
}

TEST(Schema, ATypesOwnRangeShowsUnlessTheAuthorsIsTighter) {
  EXPECT_EQ(property("times")["maximum"], 9);
  EXPECT_EQ(property("inner")["properties"]["count"]["maximum"], 4294967295);
}

TEST(Schema, ALimitThatDoesNotSuitItsTypeIsRefusedAtOnce) {
  EXPECT_THROW(tool::schema_of<Misdescribed>(), std::logic_error);
  EXPECT_THROW(tool::schema_of<OddFormat>(), std::logic_error);
}

TEST(Schema, AFloatShowsTheShortestNumberThatMeansIt) {
  EXPECT_EQ(tool::schema_of<Fractions>()["properties"]["third"]["default"].dump(), "0.1");
}

TEST(Read, WhatAFieldStartsWithIsNoPartOfWhatIsGiven) {
  const auto read = tool::read<Fractions>({{"list", {7}}, {"inner", {{"count", 1}}}});
  EXPECT_EQ(read.list, std::vector<float>{7});
  EXPECT_EQ(tool::read<Fractions>(json::object()).list.size(), 2u);
  EXPECT_EQ(tool::read<Fractions>(json::object()).inner.count, 5u);
  EXPECT_THROW(tool::read<Fractions>({{"inner", json::object()}}), tool::BadArguments)
      << "an Inner needs its count, whatever Fractions starts it with";
}

TEST(Schema, WhatIsWrittenReadsBackTheSame) {
  Everything value;
  value.name = "a";
  value.list = {"x", "y"};
  value.table = {{"k", 2}};
  value.ratio = 1.5;
  value.inner.count = 4;
  const json written = tool::write(value);
  EXPECT_EQ(written["note"], nullptr);
  EXPECT_EQ(tool::write(tool::read<Everything>(written)), written);
}

TEST(Registry, AManifestSaysWhatMcpSays) {
  tool::Registry tools;
  tools.add<Inner>(
      "count",
      "Counts.",
      [](const Inner& args, tool::Call&) { return args; },
      {.title = "Count", .read_only = true}
  );
  const json tool = tools.manifest()["tools"][0];
  EXPECT_EQ(tool["name"], "count");
  EXPECT_EQ(tool["title"], "Count");
  EXPECT_EQ(tool["annotations"]["readOnlyHint"], true);
  EXPECT_EQ(tool["annotations"]["openWorldHint"], true);
  EXPECT_EQ(tool["outputSchema"]["required"], json::array({"count"}));
}

TEST(Registry, TwoToolsOfOneNameAreRefused) {
  tool::Registry tools;
  const auto handler = [](const Inner&, tool::Call&) { return std::string("x"); };
  tools.add<Inner>("count", "", handler);
  EXPECT_THROW(tools.add<Inner>("count", "", handler), std::logic_error);
}

TEST(Registry, ALongToolSaysThatItsCallsMayBecomeTasks) {
  tool::Registry tools;
  const auto handler = [](const Inner&, tool::Call&) { return std::string("x"); };
  tools.add<Inner>("short", "", handler);
  tools.add<Inner>("long", "", handler, {.tasks = tool::Tasks::optional});
  tools.add<Inner>("longest", "", handler, {.tasks = tool::Tasks::required});
  const json list = tools.manifest()["tools"];
  EXPECT_FALSE(list[0].contains("execution"));
  EXPECT_EQ(list[1]["execution"], (json{{"taskSupport", "optional"}}));
  EXPECT_EQ(list[2]["execution"], (json{{"taskSupport", "required"}}));
}
