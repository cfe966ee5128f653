#include "model/input_form.hpp"

#include <gtest/gtest.h>

namespace opsroom {
namespace {

FormField only_field(Json schema) {
  InputAsk ask;
  ask.params = {{"requestedSchema", {{"properties", {{"x", std::move(schema)}}}}}};
  return form_fields(ask).at(0);
}

std::string titles(const FormField& field) {
  std::string all;
  for (const auto& option : field.options)
    all += option.value + '=' + option.title + ' ';
  return all;
}

TEST(FormFields, EveryKindIsRead) {
  using Kind = FormField::Kind;
  EXPECT_EQ(only_field({{"type", "string"}}).kind, Kind::text);
  EXPECT_EQ(only_field({{"type", "integer"}}).kind, Kind::integer);
  EXPECT_EQ(only_field({{"type", "number"}}).kind, Kind::number);
  EXPECT_EQ(only_field({{"type", "boolean"}}).kind, Kind::boolean);
  EXPECT_EQ(only_field({{"type", "string"}, {"enum", {"a"}}}).kind, Kind::choice);
  EXPECT_EQ(only_field({{"type", "array"}, {"items", {{"enum", {"a"}}}}}).kind, Kind::choices);
  EXPECT_EQ(only_field(Json::object()).kind, Kind::text);
}

TEST(FormFields, OptionsCarryTheTitlesOfAllRevisions) {
  const Json titled = {{{"const", "a"}, {"title", "Alpha"}}, {{"const", "b"}}};
  EXPECT_EQ(titles(only_field({{"oneOf", titled}})), "a=Alpha b=b ");
  EXPECT_EQ(
      titles(only_field({{"type", "array"}, {"items", {{"anyOf", titled}}}})), "a=Alpha b=b "
  );
  EXPECT_EQ(titles(only_field({{"enum", {"a", "b"}}, {"enumNames", {"Alpha"}}})), "a=Alpha b=b ");
}

TEST(FormFields, RequiredOnesComeFirst) {
  InputAsk ask;
  ask.params["requestedSchema"] = {
      {"properties", {{"a", {{"title", "An a"}}}, {"b", {{"description", "The b"}}}}},
      {"required", {"b", 7}},
  };
  const auto fields = form_fields(ask);
  EXPECT_EQ(fields.at(0).name, "b");
  EXPECT_TRUE(fields.at(0).required);
  EXPECT_EQ(fields.at(0).description, "The b");
  EXPECT_EQ(fields.at(1).title, "An a");
  EXPECT_FALSE(fields.at(1).required);
}

TEST(FormFields, WhatIsNoTextIsNoText) {
  InputAsk ask;
  ask.params = {{"message", 5}, {"mode", Json::array()}, {"url", Json::object()}};
  EXPECT_EQ(message_of(ask), "");
  EXPECT_EQ(url_of(ask), "");
  EXPECT_FALSE(asks_for_visit(ask));
  EXPECT_TRUE(form_fields(ask).empty());
  ask.params = Json();
  EXPECT_TRUE(form_fields(ask).empty());
}

}  // namespace
}  // namespace opsroom
