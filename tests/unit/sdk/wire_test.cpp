#include "wire.hpp"

#include "protocol.hpp"

#include <gtest/gtest.h>

using namespace opsroom::sdk;

TEST(LineCutter, DoesNotCareHowTheBytesArrive) {
  LineCutter lines;
  const std::string stream = "{\"a\":1}\r\n\n{\"b\":2}\nrest";
  std::vector<std::string> got;
  for (const char byte : stream) {
    lines.feed({&byte, 1});
    while (auto line = lines.next())
      got.push_back(*line);
  }
  EXPECT_EQ(got, (std::vector<std::string>{"{\"a\":1}", "", "{\"b\":2}"}));
  lines.feed(" of it\n");
  EXPECT_EQ(lines.next(), "rest of it");
}

namespace {

Request request(const char* method, json meta = json::object()) {
  return parse_request(
      {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", {{"_meta", std::move(meta)}}}}
  );
}

int refusal(const Request& asked, bool opened_legacy = false) {
  try {
    era_of(asked, opened_legacy);
  } catch (const RpcError& error) {
    return error.code;
  }
  return 0;
}

json modern_meta(const char* version = "2026-07-28") {
  return {{meta::protocol_version, version}, {meta::client_capabilities, json::object()}};
}

}  // namespace

TEST(Era, IsReadFromEachRequest) {
  EXPECT_EQ(era_of(request("tools/list", modern_meta()), false), Era::modern);
  EXPECT_EQ(era_of(request("tools/list", modern_meta()), true), Era::modern);
  EXPECT_EQ(era_of(request("tools/list"), true), Era::legacy);
  EXPECT_EQ(era_of(request("initialize"), false), Era::legacy);
  EXPECT_EQ(era_of(request("ping"), false), Era::legacy);
}

TEST(Era, AModernRequestMustCarryItsFields) {
  EXPECT_EQ(refusal(request("server/discover")), code::invalid_params);
  EXPECT_EQ(refusal(request("tools/list")), code::invalid_params);
  EXPECT_EQ(
      refusal(request("tools/list", {{meta::protocol_version, "2026-07-28"}})), code::invalid_params
  );
  EXPECT_EQ(
      refusal(request("tools/list", {{meta::client_capabilities, json::object()}}), true),
      code::invalid_params
  );
}

TEST(Era, AnUnknownVersionIsNamedBack) {
  try {
    era_of(request("tools/list", modern_meta("2031-01-01")), false);
    FAIL();
  } catch (const RpcError& error) {
    EXPECT_EQ(error.code, code::unsupported_version);
    EXPECT_EQ(error.data["requested"], "2031-01-01");
    EXPECT_EQ(error.data["supported"], json::array({"2026-07-28"}));
  }
}

TEST(Era, InitializeIsAnsweredInAVersionBothSpeak) {
  EXPECT_EQ(legacy_version_for({{"protocolVersion", "2024-11-05"}}), "2024-11-05");
  EXPECT_EQ(legacy_version_for({{"protocolVersion", "2025-06-18"}}), "2025-06-18");
  EXPECT_EQ(legacy_version_for({{"protocolVersion", "2026-07-28"}}), "2025-11-25");
  EXPECT_EQ(legacy_version_for({{"protocolVersion", "1999-01-01"}}), "2025-11-25");
}

TEST(Request, IdsAreStringsOrIntegers) {
  const json good{{"jsonrpc", "2.0"}, {"id", "a"}, {"method", "ping"}};
  EXPECT_EQ(parse_request(good).id, "a");
  for (const json& id : {json(nullptr), json(1.5), json::array()}) {
    json bad = good;
    bad["id"] = id;
    EXPECT_THROW(parse_request(bad), RpcError) << id;
  }
}
