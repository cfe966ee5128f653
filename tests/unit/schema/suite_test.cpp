#include "base/failure.hpp"
#include "base/files.hpp"
#include "schema/validator.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <set>

namespace opsroom::schema {
namespace {

const std::filesystem::path suite_directory = "/usr/share/json-schema-test-suite/tests/draft7";
const std::string draft7 = "http://json-schema.org/draft-07/schema#";

struct Tally {
  int right = 0;
  int refused = 0;
  std::vector<std::string> wrong;
};

/// Draft-07 is the suite's, 2020-12 is ours by default; booleans need no dialect.
Json in_draft7(Json schema) {
  if (schema.is_object() && !schema.contains("$schema")) schema["$schema"] = draft7;
  return schema;
}

bool leads_out(const Json& schema) {
  const std::string text = schema.dump();
  return text.find("http://localhost:1234") != std::string::npos ||
         text.find("\"$ref\":\"http://json-schema.org") != std::string::npos;
}

void run_group(const Json& group, const std::string& file, Options options, Tally& tally) {
  const std::string name = file + ": " + group.at("description").get<std::string>();
  try {
    const Validator validator(in_draft7(group.at("schema")), options);
    for (const Json& test : group.at("tests")) {
      const bool fits = validator.validate(test.at("data")).empty();
      if (fits == test.at("valid").get<bool>()) {
        ++tally.right;
      } else {
        tally.wrong.push_back(name + ": " + test.at("description").get<std::string>());
      }
    }
  } catch (const Failure& failure) {
    tally.refused += static_cast<int>(group.at("tests").size());
    if (leads_out(group.at("schema"))) return;
    tally.wrong.push_back(name + ": refused: " + failure.what());
  }
}

Tally run_directory(const std::filesystem::path& directory, Options options) {
  Tally tally;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".json") continue;
    const Json groups = parse_json(read_file(entry.path()), entry.path().string());
    for (const Json& group : groups)
      run_group(group, entry.path().stem(), options, tally);
  }
  return tally;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += "\n  " + line;
  return text;
}

#define SKIP_WITHOUT_SUITE()                                                              \
  if (!std::filesystem::exists(suite_directory)) {                                        \
    GTEST_SKIP() << "*** NOT RUN: install the package json-schema-test-suite (apt) *** "; \
  }

TEST(JsonSchemaTestSuite, EveryRequiredDraft7CaseIsRightOrLeadsToTheNetwork) {
  SKIP_WITHOUT_SUITE();
  const Tally tally = run_directory(suite_directory, {});
  EXPECT_TRUE(tally.wrong.empty()) << joined(tally.wrong);
  EXPECT_GT(tally.right, 390);
  EXPECT_LT(tally.refused, 40);
  std::cout << "draft-07 required: " << tally.right << " right, " << tally.wrong.size()
            << " wrong, " << tally.refused << " refused (network)\n";
}

TEST(JsonSchemaTestSuite, TheFormatsWeAssertAreRight) {
  SKIP_WITHOUT_SUITE();
  Options options;
  options.assert_formats = true;
  const std::set<std::string> not_known = {"idn-email", "idn-hostname"};
  Tally tally;
  for (const auto& entry :
       std::filesystem::directory_iterator(suite_directory / "optional/format")) {
    if (not_known.count(entry.path().stem()) != 0) continue;
    const Json groups = parse_json(read_file(entry.path()), entry.path().string());
    for (const Json& group : groups)
      run_group(group, entry.path().stem(), options, tally);
  }
  EXPECT_TRUE(tally.wrong.empty()) << joined(tally.wrong);
  EXPECT_GT(tally.right, 100);
}

TEST(JsonSchemaTestSuite, EcmascriptRegularExpressionsAreRight) {
  SKIP_WITHOUT_SUITE();
  Options options;
  options.assert_formats = true;
  Tally tally;
  const auto file = suite_directory / "optional/ecmascript-regex.json";
  const Json groups = parse_json(read_file(file), file.string());
  for (const Json& group : groups)
    run_group(group, "ecmascript-regex", options, tally);
  EXPECT_TRUE(tally.wrong.empty()) << joined(tally.wrong);
  EXPECT_GE(tally.right, 1);
}

}  // namespace
}  // namespace opsroom::schema
