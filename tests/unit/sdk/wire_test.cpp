#include "wire.hpp"

#include "message.hpp"

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

std::unique_ptr<Message> message(json fields) {
  return std::make_unique<Message>(fields.dump());
}

std::unique_ptr<Message> request(const char* method, json meta = json::object()) {
  return message(
      {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", {{"_meta", std::move(meta)}}}}
  );
}

int refusal(const Message& asked, bool opened_legacy = false) {
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
  EXPECT_EQ(era_of(*request("tools/list", modern_meta()), false), Era::modern);
  EXPECT_EQ(era_of(*request("tools/list", modern_meta()), true), Era::modern);
  EXPECT_EQ(era_of(*request("tools/list"), true), Era::legacy);
  EXPECT_EQ(era_of(*request("initialize"), false), Era::legacy);
  EXPECT_EQ(era_of(*request("ping"), false), Era::legacy);
}

TEST(Era, AModernRequestMustCarryItsFields) {
  EXPECT_EQ(refusal(*request("server/discover")), code::invalid_params);
  EXPECT_EQ(refusal(*request("tools/list")), code::invalid_params);
  EXPECT_EQ(
      refusal(*request("tools/list", {{meta::protocol_version, "2026-07-28"}})),
      code::invalid_params
  );
  EXPECT_EQ(
      refusal(*request("tools/list", {{meta::client_capabilities, json::object()}}), true),
      code::invalid_params
  );
}

TEST(Era, AnUnknownVersionIsNamedBack) {
  try {
    era_of(*request("tools/list", modern_meta("2031-01-01")), false);
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

TEST(Message, IdsAreStringsOrIntegers) {
  const json good{{"jsonrpc", "2.0"}, {"id", "a"}, {"method", "ping"}};
  EXPECT_NO_THROW(message(good)->check_id());
  for (const json& id : {json(nullptr), json(1.5), json::array()}) {
    json bad = good;
    bad["id"] = id;
    EXPECT_THROW(message(bad)->check_id(), RpcError) << id;
  }
}

TEST(Message, ShowsItsPartsAsTheyWereWritten) {
  const Message seen(
      R"({"id":"\u0061","method":"tools\/call","jsonrpc":"2.0","params":{"name":"x","arguments":{ "b":1, "a":[] },)"
      R"("_meta":{"progressToken":7,"io.opsroom/call":{"run":"r","workdir":"/w"}}}})"
  );
  EXPECT_EQ(key_of(seen.id), "\"a\"");
  EXPECT_EQ(seen.method, "tools/call");
  EXPECT_EQ(seen.arguments, R"({ "b":1, "a":[] })");
  EXPECT_EQ(seen.progress_token, "7");
  EXPECT_EQ(seen.call, R"({"run":"r","workdir":"/w"})");
  EXPECT_EQ(seen.workdir, "\"/w\"");
  EXPECT_FALSE(seen.call_overreaches);
}

TEST(Notification, CarriesAnIdJustAsItCame) {
  const std::string id = "123456789012345678901234567890";
  EXPECT_EQ(
      notification("n/m", {{"a", 1}}, "progressToken", id),
      R"({"jsonrpc":"2.0","method":"n/m","params":{"a":1,"progressToken":)" + id + "}}"
  );
  EXPECT_EQ(
      notification("n/m", json::object(), "t", "\"x\""),
      R"({"jsonrpc":"2.0","method":"n/m","params":{"t":"x"}})"
  );
}

TEST(Message, IsOneOfFourKinds) {
  EXPECT_EQ(Message(R"({"id":1,"method":"m"})").kind(), Message::Kind::request);
  EXPECT_EQ(Message(R"({"method":"m"})").kind(), Message::Kind::notification);
  EXPECT_EQ(Message(R"({"id":1,"error":{}})").kind(), Message::Kind::response);
  EXPECT_EQ(Message(R"({"id":1})").kind(), Message::Kind::nonsense);
  EXPECT_THROW(Message("[]"), RpcError);
  EXPECT_THROW(Message("{"), RpcError);
}
