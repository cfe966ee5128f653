#include "base/failure.hpp"
#include "schema/validator.hpp"

#include <gtest/gtest.h>

namespace opsroom::schema {
namespace {

std::string said(const char* schema, const char* value) {
  return to_text(Validator(Json::parse(schema)).validate(Json::parse(value)));
}

TEST(Messages, NameThePlaceAsAPointer) {
  EXPECT_EQ(
      said(R"({"properties":{"a/b":{"items":{"type":"integer"}}}})", R"({"a/b":[1,"x"]})"),
      "/a~1b/1: expected integer, got string"
  );
  EXPECT_EQ(said(R"({"type":"object"})", "[]"), "expected object, got array");
}

TEST(Messages, NameWhatIsMissingAndWhatIsUnknown) {
  EXPECT_EQ(said(R"({"required":["a","b"]})", R"({"b":1})"), "required property \"a\" is missing");
  EXPECT_EQ(
      said(R"({"properties":{"target":{}},"additionalProperties":false})", R"({"taget":1})"),
      "/taget: property \"taget\" is not known here; did you mean \"target\"?"
  );
}

TEST(Messages, ListTheAllowedValues) {
  EXPECT_EQ(said(R"({"enum":["a","b"]})", "1"), "must be one of \"a\", \"b\", got 1");
}

TEST(Messages, SayWhyNoAlternativeFits) {
  EXPECT_EQ(
      said(
          R"({"properties":{"x":{"anyOf":[{"type":"integer"},{"required":["k"]}]}}})", R"({"x":{}})"
      ),
      "/x: fits none of the alternatives: expected integer, got object; "
      "or required property \"k\" is missing"
  );
  EXPECT_EQ(
      said(R"({"oneOf":[{"type":"integer"},{"minimum":2}]})", "3"),
      "fits 2 alternatives where exactly one is allowed"
  );
}

TEST(Messages, AllProblemsAreReported) {
  const auto problems = Validator(Json::parse(R"({"properties":{"a":{"type":"string","const":"x"}},
    "required":["b","c"],"maxProperties":0})"))
                            .validate(Json::parse(R"({"a":1})"));
  EXPECT_EQ(problems.size(), 5U) << to_text(problems, 10);
}

TEST(CheckSchema, NamesWhatIsWrongAndWhere) {
  struct Row {
    const char* schema;
    const char* pointer;
    const char* word;
  };
  const Row rows[] = {
      {R"({"type":"strin"})", "/type", "strin"},
      {R"({"properties":{"a":{"type":[]}}})", "/properties/a/type", "type"},
      {R"({"properties":[]})", "/properties", "object"},
      {R"({"properties":{"a":5}})", "/properties/a", "schema"},
      {R"({"required":true})", "/required", "list"},
      {R"({"required":["a","a"]})", "/required", "different"},
      {R"({"minLength":-1})", "/minLength", "whole number"},
      {R"({"multipleOf":0})", "/multipleOf", "above zero"},
      {R"({"exclusiveMinimum":true})", "/exclusiveMinimum", "draft-04"},
      {R"({"pattern":"("})", "/pattern", "unclosed"},
      {R"({"patternProperties":{"[":{}}})", "/patternProperties/[", "unclosed"},
      {R"({"pattern":"\\p{Lu}"})", "/pattern", "not supported"},
      {R"({"anyOf":[]})", "/anyOf", "at least one"},
      {R"({"items":[{}]})", "/items", "prefixItems"},
      {R"({"$ref":"#/$defs/none"})", "/$ref", "leads nowhere"},
      {R"({"$ref":"#none"})", "/$ref", "leads nowhere"},
      {R"({"$recursiveRef":"#"})", "/$recursiveRef", "not supported"},
      {R"({"$schema":"http://json-schema.org/draft-04/schema#"})", "/$schema", "draft-04"},
      {R"({"$id":"#x"})", "/$id", "$anchor"},
      {R"({"$defs":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}}})", "/$defs/b/$anchor", "twice"},
      {R"([])", "", "schema"},
      {R"({"dependentRequired":{"a":"b"}})", "/dependentRequired/a", "lists"},
      {R"({"$schema":"http://json-schema.org/draft-07/schema#","if":1})", "/if", "schema"},
  };
  for (const Row& row : rows) {
    const auto problems = Validator::check_schema(Json::parse(row.schema));
    ASSERT_FALSE(problems.empty()) << row.schema;
    EXPECT_EQ(problems[0].pointer, row.pointer) << row.schema;
    EXPECT_NE(problems[0].message.find(row.word), std::string::npos) << problems[0].message;
    EXPECT_THROW(Validator{Json::parse(row.schema)}, Failure) << row.schema;
  }
}

TEST(CheckSchema, AcceptsWhatServersReallyPublish) {
  const char* schemas[] = {
      R"({"type":"object","properties":{"path":{"type":"string"},"edits":{"type":"array","items":
         {"type":"object","properties":{"oldText":{"type":"string"}},"required":["oldText"],
          "additionalProperties":false}}},"required":["path"],"additionalProperties":false,
          "$schema":"http://json-schema.org/draft-07/schema#"})",
      R"({"type":"object","properties":{},"$defs":{"A":{"title":"A","type":"string"}}})",
      R"({"$ref":"#/definitions/A","definitions":{"A":{"type":"object"}},
          "$schema":"http://json-schema.org/draft-07/schema#"})",
      "{}",
      "true",
  };
  for (const char* schema : schemas) {
    EXPECT_EQ(to_text(Validator::check_schema(Json::parse(schema))), "") << schema;
  }
}

TEST(Draft7, SiblingsOfRefAreIgnored) {
  const Validator validator(Json::parse(
      R"({"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"a":{"type":"integer"}},
          "properties":{"x":{"$ref":"#/definitions/a","maximum":1}}})"
  ));
  EXPECT_TRUE(validator.validate(Json::parse(R"({"x":5})")).empty());
  EXPECT_FALSE(validator.validate(Json::parse(R"({"x":"a"})")).empty());
}

TEST(WithDefaults, FillsMissingPropertiesDownwards) {
  const Json schema = Json::parse(R"({
    "properties":{"a":{"default":1},"b":{"properties":{"c":{"default":"x"}}},
      "d":{"default":{},"properties":{"e":{"default":true}}},"f":{"$ref":"#/$defs/f"},
      "list":{"items":{"properties":{"n":{"default":0}}}}},
    "allOf":[{"properties":{"g":{"default":null}}}],
    "anyOf":[{"properties":{"never":{"default":1}}}],
    "$defs":{"f":{"default":"shared"}}})");
  EXPECT_EQ(
      with_defaults(schema, Json::parse(R"({"a":5,"list":[{},{"n":2}]})")),
      Json::parse(R"({"a":5,"d":{"e":true},"f":"shared","g":null,"list":[{"n":0},{"n":2}]})")
  );
  EXPECT_EQ(with_defaults(schema, 7), Json(7));
}

TEST(WithDefaults, ARecursiveDefaultEnds) {
  const Json schema = Json::parse(R"({"properties":{"child":{"default":{},"$ref":"#"}}})");
  EXPECT_TRUE(with_defaults(schema, Json::object()).contains("child"));
}

}  // namespace
}  // namespace opsroom::schema
