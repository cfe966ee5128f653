#include "pattern.hpp"
#include "schema/validator.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <deque>
#include <map>
#include <opsroom/tool.hpp>
#include <ostream>
#include <string>
#include <vector>

/// The schema a tool shows and the parser behind it must be of one mind about every value; the
/// judge of the schema is the host's validator, which is proved on the official suite.
namespace agreement {

namespace tool = opsroom::tool;
using tool::json;

enum class Level { low, high };
constexpr auto describe(Level) {
  return tool::values<Level>({{"low", Level::low}, {"high", Level::high}});
}
enum class Way { fast, safe };
constexpr auto describe(Way) {
  return tool::values<Way>({{"fast", Way::fast, "As fast as it goes"}, {"safe", Way::safe}});
}

struct Place {
  std::string host;
  std::uint16_t port = 80;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("host", &Place::host, "").not_empty(), tool::field("port", &Place::port, "")
    );
  }
};
struct File {
  std::string path;
  static constexpr auto fields() { return tool::fields(tool::field("path", &File::path, "")); }
};

struct Tree {
  std::string name;
  std::vector<Tree> children;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("name", &Tree::name, "").not_empty(),
        tool::option("children", &Tree::children, "").size_at_most(2)
    );
  }
};

struct Args {
  std::optional<std::variant<Place, File, std::string, std::monostate>> target;
  std::optional<std::variant<int, bool>> amount;
  std::optional<Level> level;
  std::optional<Way> way;
  std::vector<Level> levels;
  std::map<std::string, std::deque<std::int8_t>> table;
  std::string name = "abc";
  std::string code = "A-1";
  std::string when = "2024-01-01T00:00:00Z";
  std::string day = "2024-01-01";
  std::string hour = "00:00:00Z";
  std::string link = "http://a";
  std::string mail = "a@b";
  std::string id = "00000000-0000-0000-0000-000000000000";
  double ratio = 0.5;
  int count = 1;
  std::optional<std::string> mode;
  std::vector<std::string> tags;
  std::optional<std::vector<double>> numbers;
  std::uint64_t big = 1;
  json anything;
  std::optional<Tree> tree;
  std::map<std::string, Tree> forest;

  static constexpr auto fields() {
    using tool::option;
    return tool::fields(
        option("target", &Args::target, "Where"),
        option("amount", &Args::amount, ""),
        option("level", &Args::level, ""),
        option("way", &Args::way, ""),
        option("levels", &Args::levels, "").unique(),
        option("table", &Args::table, "").size_at_most(2).at_least(-3),
        option("name", &Args::name, "").size_at_least(2).size_at_most(4),
        option("code", &Args::code, "").pattern("^[A-Z]+-\\d{1,3}$"),
        option("when", &Args::when, "").format("date-time"),
        option("day", &Args::day, "").format("date"),
        option("hour", &Args::hour, "").format("time"),
        option("link", &Args::link, "").format("uri"),
        option("mail", &Args::mail, "").format("email"),
        option("id", &Args::id, "").format("uuid"),
        option("ratio", &Args::ratio, "").above(0).below(1),
        option("count", &Args::count, "").at_least(1).at_most(9),
        option("mode", &Args::mode, "").one_of({"a", "b"}),
        option("tags", &Args::tags, "").not_empty().pattern("^t").size_at_most(3),
        option("numbers", &Args::numbers, "").at_most(10),
        option("big", &Args::big, ""),
        option("anything", &Args::anything, ""),
        option("tree", &Args::tree, ""),
        option("forest", &Args::forest, "")
    );
  }
};

/// One field with values that fit and values that do not, as JSON arrays.
struct Values {
  const char* field;
  const char* good;
  const char* bad;
};
void PrintTo(const Values& values, std::ostream* out) {
  *out << values.field;
}

class Agreement : public testing::TestWithParam<Values> {};

std::string refusal(const json& arguments) try {
  tool::read<Args>(arguments);
  return "";
} catch (const tool::BadArguments& error) {
  return error.what();
}

std::string objection(const json& arguments) {
  static const opsroom::schema::Validator schema(tool::schema_of<Args>(), {.assert_formats = true});
  return opsroom::schema::to_text(schema.validate(arguments));
}

TEST_P(Agreement, BothTakeWhatIsGood) {
  for (const json& value : json::parse(GetParam().good)) {
    const json arguments{{GetParam().field, value}};
    EXPECT_EQ(refusal(arguments), "") << arguments;
    EXPECT_EQ(objection(arguments), "") << arguments;
  }
}

TEST_P(Agreement, BothRefuseWhatIsBad) {
  for (const json& value : json::parse(GetParam().bad)) {
    const json arguments{{GetParam().field, value}};
    EXPECT_NE(refusal(arguments), "") << arguments;
    EXPECT_NE(objection(arguments), "") << arguments;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Fields,
    Agreement,
    testing::Values(
        Values{
            "target",
            R"([{"host":"a"},{"host":"a","port":65535},{"path":"x"},"words",null])",
            R"([{"host":""},{"host":"a","port":65536},{"path":"x","more":1},{},7,[]])"
        },
        Values{"amount", "[1, true, 3.0, null]", R"(["1", 1.5, 3000000000])"},
        Values{"level", R"(["low", "high", null])", R"(["", "Low", 0])"},
        Values{"way", R"(["fast", "safe", null])", R"(["slow", 1])"},
        Values{"levels", R"([[], ["low"], ["low", "high"]])", R"([["low", "low"], ["x"], "low"])"},
        Values{
            "table",
            R"([{}, {"a":[1, -3]}, {"a":[], "b":[127]}])",
            R"([{"a":[128]}, {"a":[-4]}, {"a":1}, {"a":[], "b":[], "c":[]}])"
        },
        Values{"name", R"(["ab", "abcd", "äöüß"])", R"(["a", "abcde", "", null])"},
        Values{"code", R"(["A-1", "AB-123"])", R"(["a-1", "A-", "A-1234", " A-1", "A-1 "])"},
        Values{
            "when",
            R"(["2024-02-29T23:59:59Z", "2024-01-01t00:00:00.5+02:00", "1990-12-31T15:59:60-08:00"])",
            R"(["2023-02-29T00:00:00Z", "2024-01-01", "2024-01-01T24:00:00Z", "2024-01-01T00:00:00",
                "2024-01-01T00:00:60Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+24:00", ""])"
        },
        Values{"day", R"(["2000-02-29"])", R"(["1900-02-29", "2024-13-01", "2024-1-1", "x"])"},
        Values{"hour", R"(["08:30:06Z", "23:59:60z"])", R"(["8:30:06Z", "08:30Z", "08:60:00Z"])"},
        Values{
            "link",
            R"(["https://a.b:80/c?d=e#f", "mailto:a@b", "http://[::1]:8080/", "urn:x:y", "file:///x"])",
            R"(["a/b", "//a", "http://a b", "http://a/%zz", "http://[::1", "http://a:b/", "1a:b", ""])"
        },
        Values{
            "mail",
            R"(["a@b", "first.last+tag@mail.example.com"])",
            R"(["a", "@b", "a@", ".a@b", "a..b@c", "a@-b", "a b@c"])"
        },
        Values{
            "id",
            R"(["2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380"])",
            R"(["2eb8aa08aa9811eab4aa73b441d16380", "2eb8aa08-aa98-11ea-b4aa-73b441d1638g", ""])"
        },
        Values{"ratio", "[0.5, 0.001]", R"([0, 1, 1.5, "0.5", null])"},
        Values{"count", "[1, 9, 2.0]", "[0, 10, 1.5, null, true]"},
        Values{"mode", R"(["a", "b", null])", R"(["c", ""])"},
        Values{"tags", R"([["t"], ["ta", "tb", "t"]])", R"([[], ["x"], ["t","t","t","t"]])"},
        Values{"numbers", "[[], [10, 1.5], null]", R"([[11], ["1"], 3])"},
        Values{"big", "[0, 9223372036854775807, 1e17]", "[-1, 0.5]"},
        Values{"anything", R"([null, 1, {"a":[]}, "x"])", "[]"},
        Values{
            "tree",
            R"([null, {"name":"a"}, {"name":"a","children":[{"name":"b","children":[{"name":"c"}]}]}])",
            R"([{}, {"name":"a","children":[{}]}, {"name":"a","children":[{"name":"b","children":
                [{"name":""}]}]}, {"name":"a","children":[{"name":"b"},{"name":"b"},{"name":"b"}]},
                {"name":"a","children":[{"name":"b","more":1}]}, {"name":"a","children":null}])"
        },
        Values{
            "forest",
            R"([{}, {"a/b":{"name":"x","children":[{"name":"y"}]}}])",
            R"([[], {"a":{"name":"x","children":[{"name":1}]}}])"
        },
        Values{"unknown", "[]", "[1]"}
    ),
    [](const auto& each) { return std::string(each.param.field); }
);

/// One expression with strings it is found in and strings it is not.
struct Expression {
  const char* name;
  const char* pattern;
  std::vector<std::string> found;
  std::vector<std::string> missed;
};
void PrintTo(const Expression& expression, std::ostream* out) {
  *out << expression.pattern;
}

class PatternAgreement : public testing::TestWithParam<Expression> {};

TEST_P(PatternAgreement, BothFindTheSame) {
  const auto found_in = [](const std::string& text) {
    return tool::detail::pattern_found(GetParam().pattern, text);
  };
  const opsroom::schema::Validator schema(json{{"pattern", GetParam().pattern}});
  for (const auto& text : GetParam().found) {
    EXPECT_TRUE(found_in(text)) << text;
    EXPECT_TRUE(schema.validate(json(text)).empty()) << text;
  }
  for (const auto& text : GetParam().missed) {
    EXPECT_FALSE(found_in(text)) << text;
    EXPECT_FALSE(schema.validate(json(text)).empty()) << text;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Patterns,
    PatternAgreement,
    testing::Values(
        Expression{"Empty", "", {"", "a"}, {}},
        Expression{"Anywhere", "b", {"abc", "b"}, {"", "ac"}},
        Expression{"Alternatives", "^(?:ab|c|d+e)$", {"ab", "c", "dde"}, {"abc", "e", "d", "xc"}},
        Expression{"Nested", "^((a|b)*c){2}$", {"cc", "abcbc"}, {"c", "abc", "ccc"}},
        Expression{
            "Counted", "^a{2,3}b{2}c{1,}$", {"aabbc", "aaabbccc"}, {"abbc", "aaaabbc", "aabb"}
        },
        Expression{"NoneAtAll", "^a{0}$", {""}, {"a"}},
        Expression{"Lazy", "^a+?b*?c??$", {"a", "aabbc"}, {"", "b"}},
        Expression{"Brackets", "^[a-c\\d_-]+$", {"a1-_", "c"}, {"", "d", "a b"}},
        Expression{"NotInBrackets", "^[^a-c\\s]$", {"d", "ä"}, {"a", " ", ""}},
        Expression{"NegatedClassInBrackets", "^[\\D]$", {"a"}, {"1"}},
        Expression{"Words", "\\bcat\\b", {"a cat", "cat"}, {"cats", "concat"}},
        Expression{"Escapes", "^\\u00e4\\x41\\.\\/\\t$", {"äA./\t"}, {"äAx/\t"}},
        Expression{"Dot", "^.$", {"a", "😀"}, {"\n", "ab"}},
        Expression{"EmptyLoop", "^(a*)*$", {"", "aaa"}, {"b"}}
    ),
    [](const auto& each) { return std::string(each.param.name); }
);

TEST(Pattern, NeitherALongValueNorABadExpressionHurts) {
  constexpr const char* pattern = "^(a|aa)+$";
  EXPECT_TRUE(tool::detail::pattern_found(pattern, std::string(100'000, 'a')));
  EXPECT_FALSE(tool::detail::pattern_found(pattern, std::string(100'000, 'a') + "b"));
}

TEST(Pattern, WhatItDoesNotKnowIsRefused) {
  for (const char* wrong :
       {"(",
        ")",
        "[a",
        "a{2",
        "a{3,2}",
        "*",
        "(?=a)",
        "(?<n>a)",
        "\\1",
        "\\p{L}",
        "[b-a]",
        "\\",
        "((a{500}){500}){500}"})
    EXPECT_THROW(tool::detail::pattern_found(wrong, "x"), std::logic_error) << wrong;
}

}  // namespace agreement
