// Structs that hold themselves: trees, and whatever else an author nests.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <map>
#include <opsroom/tool.hpp>
#include <string>
#include <vector>

namespace {

namespace tool = opsroom::tool;
using tool::json;

struct Node {
  std::string name;
  std::vector<Node> children;
  std::map<std::string, Node> named;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("name", &Node::name, "What it is called").not_empty(),
        tool::option("children", &Node::children, "Below it").size_at_most(3),
        tool::option("named", &Node::named, "Below it, by name")
    );
  }
};

struct Search {
  std::optional<Node> root;
  std::vector<Node> more;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("root", &Search::root, "Where to begin"),
        tool::option("more", &Search::more, "Also there")
    );
  }
};

/// Two that hold each other.
struct Group;
struct Member {
  std::string name;
  std::vector<Group> groups;
  static constexpr auto fields();
};
struct Group {
  std::vector<Member> members;
  static constexpr auto fields() {
    return tool::fields(tool::option("members", &Group::members, "Who"));
  }
};
constexpr auto Member::fields() {
  return tool::fields(
      tool::field("name", &Member::name, "Who"), tool::option("groups", &Member::groups, "Where")
  );
}

/// Any JSON-like value, as a variant that holds lists of itself.
struct Value {
  std::variant<std::monostate, bool, double, std::string, std::vector<Value>> held;
  static constexpr auto fields() {
    return tool::fields(tool::field("held", &Value::held, "What it is"));
  }
};

std::string refusal(const json& value) try {
  tool::read<Node>(value);
  return "";
} catch (const tool::BadArguments& error) {
  return error.what();
}

json tower(std::size_t floors) {
  json made{{"name", "top"}};
  for (std::size_t i = 1; i < floors; ++i)
    made = {{"name", "floor"}, {"children", json::array({std::move(made)})}};
  return made;
}

}  // namespace

TEST(Recursive, AStructThatHoldsItselfIsDefinedOnceAndReferredTo) {
  const json schema = tool::schema_of<Search>();
  const json reference{{"$ref", "#/$defs/Node"}};
  ASSERT_EQ(schema["$defs"].size(), 1u) << schema.dump(2);
  EXPECT_EQ(schema["properties"]["root"]["anyOf"][0], reference);
  EXPECT_EQ(schema["properties"]["more"]["items"], reference);
  const json& node = schema["$defs"]["Node"];
  EXPECT_EQ(node["required"], json::array({"name"}));
  EXPECT_EQ(node["properties"]["children"]["items"], reference);
  EXPECT_EQ(node["properties"]["children"]["maxItems"], 3);
  EXPECT_EQ(node["properties"]["named"]["additionalProperties"], reference);
  EXPECT_EQ(node["additionalProperties"], false);
}

TEST(Recursive, AtTheTopItIsAnObjectLikeAnyOther) {
  const json schema = tool::schema_of<Node>();
  EXPECT_EQ(schema["type"], "object");
  EXPECT_EQ(schema["properties"]["name"]["minLength"], 1);
  EXPECT_EQ(schema["properties"]["children"]["items"]["$ref"], "#/$defs/Node");
  EXPECT_EQ(schema["$defs"]["Node"]["properties"], schema["properties"]);
}

TEST(Recursive, AResultsSchemaRequiresEverythingAllTheWayDown) {
  const json schema = tool::output_schema_of<Node>();
  EXPECT_EQ(schema["$defs"]["Node"]["required"], json::array({"name", "children", "named"}));
  EXPECT_FALSE(schema["$defs"]["Node"].contains("additionalProperties"));
}

TEST(Recursive, TwoThatHoldEachOtherAreBothDefined) {
  const json schema = tool::schema_of<Member>();
  EXPECT_EQ(schema["$defs"].size(), 2u) << schema.dump(2);
  EXPECT_EQ(schema["$defs"]["Group"]["properties"]["members"]["items"]["$ref"], "#/$defs/Member");
  EXPECT_EQ(schema["$defs"]["Member"]["properties"]["groups"]["items"]["$ref"], "#/$defs/Group");
}

TEST(Recursive, WhatDoesNotHoldItselfStaysInItsPlace) {
  struct Plain {
    std::vector<std::string> list;
    static constexpr auto fields() { return tool::fields(tool::field("list", &Plain::list, "")); }
  };
  EXPECT_FALSE(tool::schema_of<Plain>().contains("$defs"));
}

TEST(Recursive, ATreeIsReadAndWrittenBackTheSame) {
  const json given = json::parse(
      R"({"name":"a","children":[{"name":"b","children":[{"name":"c","children":[],"named":{}}],
          "named":{}}],"named":{"x":{"name":"d","children":[],"named":{}}}})"
  );
  const Node read = tool::read<Node>(given);
  EXPECT_EQ(read.children.at(0).children.at(0).name, "c");
  EXPECT_EQ(read.named.at("x").name, "d");
  EXPECT_EQ(tool::write(read), given);
  const auto value = tool::read<Value>(json::parse(R"({"held":[{"held":1},{"held":[]}]})"));
  EXPECT_EQ(tool::write(value).dump(), R"({"held":[{"held":1.0},{"held":[]}]})");
}

TEST(Recursive, AMistakeIsNamedWithItsPlaceHoweverDeep) {
  EXPECT_EQ(
      refusal(json::parse(R"({"name":"a","children":[{"name":"b"},{"name":"c","named":{"a/b":
          {"name":"d","children":[{"name":7}]}}}]})")),
      "/children/1/named/a~1b/children/0/name: expected a string, got 7"
  );
  EXPECT_EQ(
      refusal(json::parse(R"({"name":"a","children":[{"name":"b","children":[{}]}]})")),
      "/children/0/children/0/name: is missing"
  );
}

TEST(Recursive, WhatNestsTooDeepIsRefusedAndNotFollowed) {
  EXPECT_EQ(refusal(tower(100)), "");
  const std::string why = refusal(tower(200));
  EXPECT_NE(why.find("is nested deeper than 256 levels"), std::string::npos) << why;
}

TEST(Recursive, AMistakeInAHugeValueIsQuotedInOneLine) {
  json deep = 1;
  for (int i = 0; i < 200'000; ++i)
    deep = json::array({std::move(deep)});
  EXPECT_EQ(
      refusal({{"name", std::move(deep)}}),
      "/name: expected a string, got " + std::string(60, '[') + "..."
  );
}
