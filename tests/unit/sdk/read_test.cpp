#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <opsroom/tool.hpp>
#include <string>
#include <vector>

namespace {

namespace tool = opsroom::tool;
using tool::json;

struct Step {
  std::string name;
  std::int8_t level = 1;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("name", &Step::name, "").not_empty(),
        tool::field("level", &Step::level, "").at_most(9)
    );
  }
};

enum class Season { warm, cold };
constexpr auto describe(Season) {
  return tool::values<Season>({{"warm", Season::warm}, {"cold", Season::cold}});
}

struct Args {
  std::vector<Step> steps;
  std::map<std::string, bool> flags;
  std::optional<int> limit;
  std::string mode = "fast";
  double ratio = 1;
  std::variant<std::monostate, Step, bool> when;
  std::vector<Season> seasons;
  std::string id = "A-1";

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("steps", &Args::steps, "").not_empty(),
        tool::option("flags", &Args::flags, ""),
        field("limit", &Args::limit, "").at_least(2),
        field("mode", &Args::mode, "").one_of({"fast", "safe"}),
        field("ratio", &Args::ratio, ""),
        tool::option("when", &Args::when, ""),
        tool::option("seasons", &Args::seasons, "").unique().size_at_most(2),
        tool::option("id", &Args::id, "").pattern("^[A-Z]-[0-9]$")
    );
  }
};

Args parsed(const char* text) {
  return tool::read<Args>(json::parse(text));
}

/// One wrong input and the whole sentence its author should get.
struct Mistake {
  const char* name;
  const char* arguments;
  const char* sentence;
};

class ReadMistake : public testing::TestWithParam<Mistake> {};

}  // namespace

TEST(Read, FillsEveryKindOfField) {
  const Args args = parsed(
      R"({"steps":[{"name":"a"},{"name":"b","level":2}],"flags":{"x":true},"limit":5,"ratio":3})"
  );
  ASSERT_EQ(args.steps.size(), 2u);
  EXPECT_EQ(args.steps[1].level, 2);
  EXPECT_TRUE(args.flags.at("x"));
  EXPECT_EQ(args.limit, 5);
  EXPECT_EQ(args.mode, "fast");
  EXPECT_EQ(args.ratio, 3.0);
}

TEST(Read, NullIsAnEmptyOptional) {
  EXPECT_FALSE(parsed(R"({"steps":[{"name":"a"}],"limit":null})").limit.has_value());
}

TEST(Read, AWholeNumberMayBeWrittenWithAPoint) {
  EXPECT_EQ(parsed(R"({"steps":[{"name":"a"}],"limit":5.0})").limit, 5);
}

TEST(Read, PointersEscapeWhatJsonPointerEscapes) {
  try {
    parsed(R"({"steps":[{"name":"a"}],"flags":{"a/b~c":1}})");
    FAIL() << "1 is no bool";
  } catch (const tool::BadArguments& error) {
    EXPECT_EQ(error.pointer(), "/flags/a~1b~0c");
  }
}

TEST_P(ReadMistake, IsNamedWithItsPlace) {
  try {
    parsed(GetParam().arguments);
    FAIL() << "accepted " << GetParam().arguments;
  } catch (const tool::BadArguments& error) {
    EXPECT_STREQ(error.what(), GetParam().sentence);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All,
    ReadMistake,
    testing::Values(
        Mistake{"not_an_object", "[]", "arguments: expected an object, got []"},
        Mistake{"missing", "{}", "/steps: is missing"},
        Mistake{"empty_list", R"({"steps":[]})", "/steps: must not be empty"},
        Mistake{
            "wrong_element", R"({"steps":[{"name":"a"},7]})", "/steps/1: expected an object, got 7"
        },
        Mistake{"empty_text", R"({"steps":[{"name":""}]})", "/steps/0/name: must not be empty"},
        Mistake{
            "unknown",
            R"({"steps":[{"nmae":"a"}]})",
            "/steps/0/nmae: is not known here; allowed: name, level"
        },
        Mistake{
            "out_of_range",
            R"({"steps":[{"name":"a","level":300}]})",
            "/steps/0/level: 300 is out of range -128 to 127"
        },
        Mistake{
            "too_large",
            R"({"steps":[{"name":"a","level":10}]})",
            "/steps/0/level: must be at most 9, got 10"
        },
        Mistake{
            "too_small",
            R"({"steps":[{"name":"a"}],"limit":1})",
            "/limit: must be at least 2, got 1"
        },
        Mistake{
            "fraction",
            R"({"steps":[{"name":"a"}],"limit":2.5})",
            "/limit: expected an integer, got 2.5"
        },
        Mistake{
            "no_choice",
            R"({"steps":[{"name":"a"}],"mode":"slow"})",
            "/mode: must be one of fast, safe, got \"slow\""
        },
        Mistake{
            "text_for_number",
            R"({"steps":[{"name":"a"}],"ratio":"3"})",
            "/ratio: expected a number, got \"3\""
        },
        Mistake{
            "no_alternative",
            R"({"steps":[{"name":"a"}],"when":{"name":""}})",
            "/when: fits none of the alternatives: (1) expected null, got {\"name\":\"\"}; (2) "
            "/when/name: must not be empty; (3) expected true or false, got {\"name\":\"\"}"
        },
        Mistake{
            "no_name_of_the_enum",
            R"({"steps":[{"name":"a"}],"seasons":["cold","mild"]})",
            "/seasons/1: must be one of warm, cold, got \"mild\""
        },
        Mistake{
            "twice",
            R"({"steps":[{"name":"a"}],"seasons":["cold","cold"]})",
            "/seasons/1: is there twice: \"cold\""
        },
        Mistake{
            "too_many",
            R"({"steps":[{"name":"a"}],"seasons":["cold","warm","cold"]})",
            "/seasons: must have at most 2 elements, has 3"
        },
        Mistake{
            "no_match",
            R"({"steps":[{"name":"a"}],"id":"x"})",
            "/id: must match ^[A-Z]-[0-9]$, got \"x\""
        },
        Mistake{
            "number_for_bool",
            R"({"steps":[{"name":"a"}],"flags":{"x":1}})",
            "/flags/x: expected true or false, got 1"
        }
    ),
    [](const auto& each) { return std::string(each.param.name); }
);
