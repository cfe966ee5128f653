#include "tools/envelope.hpp"

#include "base/failure.hpp"
#include "tools/ndjson.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace opsroom::tools {
namespace {

using Kind = Envelope::Kind;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Envelope read(std::string text) {
  EnvelopeReader reader;
  return reader.read(std::move(text));
}

TEST(Envelope, KeepsTheResultAsItCame) {
  const auto e = read(R"({"result": {"a" : [1, 2.50]}, "jsonrpc":"2.0","id": 7 })");
  EXPECT_EQ(e.kind, Kind::result);
  EXPECT_EQ(e.number(), 7);
  EXPECT_THAT(std::string(e.payload()), HasSubstr(R"({"a" : [1, 2.50]})"));
}

TEST(Envelope, TellsTheKindsApart) {
  EXPECT_EQ(read(R"({"jsonrpc":"2.0","id":"q","method":"ping"})").kind, Kind::request);
  EXPECT_EQ(read(R"({"jsonrpc":"2.0","method":"n","params":{}})").kind, Kind::notification);
  EXPECT_EQ(read(R"({"jsonrpc":"2.0","id":1,"error":{"code":1}})").kind, Kind::error);
  EXPECT_EQ(read(R"([{"jsonrpc":"2.0"}])").kind, Kind::batch);
}

TEST(Envelope, IdsOfOthersAreEchoedExactly) {
  EXPECT_EQ(read(R"({"id":"r\u00e4-1","method":"ping"})").id, R"("r\u00e4-1")");
  EXPECT_EQ(read(R"({"id":12345678901234567890,"method":"ping"})").id, "12345678901234567890");
}

TEST(Envelope, AMethodMayBeWrittenWithEscapes) {
  EXPECT_EQ(
      read(R"({"method":"notifications\/tools\/list_changed"})").method,
      "notifications/tools/list_changed"
  );
  EXPECT_EQ(read(R"({"id":1,"method":"pin\u0067"})").method, "ping");
}

TEST(Envelope, HalfACharacterIsReplaced) {
  const std::string replaced = "\xef\xbf\xbd";
  const auto text = [](const std::string& raw) {
    EnvelopeReader reader;
    const auto e = reader.read(
        R"({"id":1,"result":{"content":[{"type":"text","text":")" + raw + R"("}],"x":[]}})"
    );
    return reader.payload(e)["content"][0]["text"].get<std::string>();
  };
  EXPECT_EQ(text(R"(a\ud83d)"), "a" + replaced);
  EXPECT_EQ(text(R"(\uDE00b)"), replaced + "b");
  EXPECT_EQ(text(R"(\ud83d\ud83d\ude00!)"), replaced + "\xf0\x9f\x98\x80!");
  EXPECT_EQ(text(R"(\\ud83d \ud83d\n)"), "\\ud83d " + replaced + "\n");
  EXPECT_EQ(text(std::string(5000, 'x') + R"(\ud83d)"), std::string(5000, 'x') + replaced);
  EXPECT_THROW(text(R"(\ud83d \q)"), Failure);
  EXPECT_THROW(text(R"(\ud83)"), Failure);
}

TEST(PlainResult, HalfACharacterIsReplaced) {
  EnvelopeReader reader;
  auto e = reader.read(R"({"id":1,"result":{"content":[{"type":"text","text":"a\ud83d"}]}})");
  const auto plain = reader.take_plain_result(e);
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->text, "a\xef\xbf\xbd");
}

TEST(Envelope, AnIdOfOursMayComeBackAsAString) {
  EXPECT_EQ(read(R"({"id":"7","result":{}})").number(), 7);
  EXPECT_FALSE(read(R"({"id":"x7","result":{}})").number());
  EXPECT_FALSE(read(R"({"id":7.5,"result":{}})").number());
  EXPECT_FALSE(read(R"({"id":null,"result":{}})").number());
}

TEST(Envelope, AnAmbiguousAnswerIsMalformedAndStillNamesItsCall) {
  for (const char* text :
       {R"({"id":7,"result":{},"error":{"code":1}})",
        R"({"id":7})",
        R"({"id":7,"result":1,"result":2})"}) {
    const auto e = read(text);
    EXPECT_EQ(e.kind, Kind::malformed) << text;
    EXPECT_EQ(e.number(), 7) << text;
  }
}

TEST(Envelope, AnErrorBesideANullResultIsAnError) {
  EXPECT_EQ(read(R"({"id":7,"result":null,"error":{"code":1}})").kind, Kind::error);
}

TEST(Envelope, ANullErrorBesideAResultIsNone) {
  EXPECT_EQ(read(R"({"id":7,"error":null,"result":{}})").kind, Kind::result);
  EXPECT_EQ(read(R"({"id":7,"error":null})").kind, Kind::error);
}

TEST(Envelope, BannersAreNoise) {
  for (const char* text : {"Welcome!", "{", "{\"id\":", "42", "\"text\"", "{}", "null"}) {
    EXPECT_EQ(read(text).kind, Kind::noise) << text;
  }
}

TEST(Envelope, InvalidUtf8IsReplacedAndFlagged) {
  EnvelopeReader reader;
  const auto e = reader.read("{\"id\":1,\"result\":{\"t\":\"a\xff\"}}");
  EXPECT_EQ(e.kind, Kind::result);
  EXPECT_TRUE(e.repaired);
  EXPECT_EQ(reader.payload(e)["t"], "a\xEF\xBF\xBD");
}

TEST(Envelope, PayloadsKeepTheirNumbers) {
  EnvelopeReader reader;
  const auto e = reader.read(
      R"({"id":1,"result":{"i":-9223372036854775808,"u":18446744073709551615,"d":1.5,"b":123456789012345678901234567890,"n":null,"t":true}})"
  );
  const Json value = reader.payload(e);
  EXPECT_EQ(value["i"].get<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(value["u"].get<std::uint64_t>(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(value["d"], 1.5);
  EXPECT_TRUE(value["b"].is_number());
  EXPECT_TRUE(value["n"].is_null());
  EXPECT_EQ(value["t"], true);
}

TEST(Envelope, APayloadIsTheSameBeforeAndAfterOtherMessages) {
  EnvelopeReader reader;
  const std::string text = R"({"result":{"a":[1,"two",{"b":null}],"id":9},"jsonrpc":"2.0","id":1})";
  const Json expected = Json::parse(text)["result"];
  const Envelope first = reader.read(text);
  EXPECT_EQ(reader.payload(first), expected);
  EXPECT_EQ(reader.payload(first), expected);
  const Envelope second = reader.read(R"({"jsonrpc":"2.0","id":2,"result":{"c":3}})");
  EXPECT_EQ(reader.payload(first), expected);
  EXPECT_EQ(reader.payload(second), Json::parse(R"({"c":3})"));
  const Envelope noise = reader.read("not JSON");
  EXPECT_EQ(noise.kind, Envelope::Kind::noise);
  EXPECT_EQ(reader.payload(second), Json::parse(R"({"c":3})"));
}

TEST(Envelope, LongTextsKeepEveryCharacter) {
  EnvelopeReader reader;
  const std::string plain(3u << 20, 'x');
  const std::string quoted = plain + "\"\\\n\u00e4" + plain;
  for (const Json& text : {Json(plain), Json(quoted), Json(plain + "\xC3\xA4")}) {
    const Json result{{"text", text}, {"more", Json::array({text, 1})}};
    for (const int indent : {-1, 2}) {
      const std::string message =
          Json{{"id", 1}, {"result", result}, {"jsonrpc", "2.0"}}.dump(indent);
      const Envelope envelope = reader.read(message);
      EXPECT_TRUE(reader.payload(envelope) == result);
      EXPECT_TRUE(reader.payload(envelope) == result);
    }
  }
}

std::optional<PlainResult> plain_of(EnvelopeReader& reader, const std::string& result) {
  Envelope envelope = reader.read(R"({"jsonrpc":"2.0","id":1,"result":)" + result + "}");
  const std::size_t bytes = envelope.text.size();
  auto plain = reader.take_plain_result(envelope);
  EXPECT_EQ(envelope.bytes, bytes);
  // What is not plain is left as it was, to be read the long way.
  if (!plain) EXPECT_EQ(envelope.text.size(), bytes);
  return plain;
}

std::string content(const std::string& text) {
  return R"({"type":"text","text":")" + text + R"("})";
}

TEST(PlainResult, IsTextAndNothingElse) {
  EnvelopeReader reader;
  const auto one = plain_of(reader, R"({"content":[)" + content(R"(a\u00e9 \"b\")") + "]}");
  ASSERT_TRUE(one);
  EXPECT_EQ(one->text, "a\u00e9 \"b\"");
  EXPECT_FALSE(one->failed);
  EXPECT_FALSE(one->typed);
  const auto failed = plain_of(
      reader,
      R"({"_meta":{"x":[1,{"y":null}]},"resultType":"complete","isError":true,"content":[)" +
          content("") + "," + content("a") + "," + content("b") + "]}"
  );
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->text, "a\nb");
  EXPECT_TRUE(failed->failed);
  EXPECT_TRUE(failed->typed);
  EXPECT_EQ(plain_of(reader, R"({"content":[]})")->text, "");
}

TEST(PlainResult, ALongTextKeepsEveryCharacterWhereverItStands) {
  EnvelopeReader reader;
  const std::string large(5u << 20, 'x');
  const std::string middling(2000, 'y');
  EXPECT_EQ(plain_of(reader, R"({"content":[)" + content(large) + "]}")->text, large);
  const std::string both = R"({"content":[)" + content(middling) + "," + content(large) + "]}";
  EXPECT_EQ(plain_of(reader, both)->text, middling + "\n" + large);
  EXPECT_EQ(
      plain_of(reader, R"({"content":[)" + content(middling + "\\n") + "]}")->text, middling + "\n"
  );
}

TEST(PlainResult, AnythingElseIsReadTheLongWay) {
  EnvelopeReader reader;
  for (const char* result :
       {R"({})",
        R"([])",
        R"("content")",
        R"({"content":[],"content":[]})",
        R"({"content":[],"structuredContent":{}})",
        R"({"content":[],"task":{}})",
        R"({"content":[],"resultType":"input_required"})",
        R"({"content":[],"resultType":7})",
        R"({"content":[],"isError":"no"})",
        R"({"content":[{"type":"image","data":"x"}]})",
        R"({"content":[{"type":"text"}]})",
        R"({"content":[{"type":"text","text":1}]})",
        R"({"content":[{"type":"text","text":"x","annotations":{}}]})",
        R"({"content":["x"]})",
        R"({"content":{}})",
        R"({"content":[],"_meta":{"x":tru}})",
        R"({"content":[],"_meta":[1 2]})"})
    EXPECT_FALSE(plain_of(reader, result)) << result;
  const std::string deep(200, '[');
  EXPECT_FALSE(plain_of(reader, R"({"content":[],"_meta":)" + deep + std::string(200, ']') + "}"));
}

TEST(PlainResult, OfAnEarlierMessageIsReadToo) {
  EnvelopeReader reader;
  Envelope first = reader.read(R"({"id":1,"result":{"content":[{"type":"text","text":"one"}]}})");
  reader.read(R"({"id":2,"result":{"content":[{"type":"text","text":"two"}]}})");
  EXPECT_EQ(reader.take_plain_result(first)->text, "one");
}

TEST(Envelope, DeepNestingIsAFailureAndNoCrash) {
  EnvelopeReader reader;
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  const auto e = reader.read(R"({"id":1,"result":)" + deep + "}");
  if (e.kind == Kind::result) {
    EXPECT_THROW(reader.payload(e), Failure);
  }
}

TEST(Envelope, ABatchIsSplit) {
  EnvelopeReader reader;
  const auto parts = reader.split(reader.read(R"([{"id":1,"result":{}}, {"method":"x"}])"));
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(reader.read(parts[0]).number(), 1);
  EXPECT_EQ(reader.read(parts[1]).kind, Kind::notification);
}

TEST(Envelope, WhatWeSendHasNoLineBreak) {
  EXPECT_EQ(
      request_text(7, "tools/call", Json{{"a", "x\ny"}}),
      R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"a":"x\ny"}})"
  );
  EXPECT_EQ(result_text("\"r\"", Json::object()), R"({"jsonrpc":"2.0","id":"r","result":{}})");
}

std::vector<std::string> lines_of(NdjsonSplitter& splitter) {
  std::vector<std::string> out;
  while (auto message = splitter.next())
    out.push_back(message->text);
  return out;
}

TEST(Ndjson, AnyChunkingGivesTheSameLines) {
  const std::string stream = "\xEF\xBB\xBF{\"a\":1}\r\n\n{\"b\":2}\n\r\n{\"c\":3}";
  for (std::size_t size = 1; size <= stream.size(); ++size) {
    NdjsonSplitter splitter(1024);
    for (std::size_t at = 0; at < stream.size(); at += size) {
      splitter.feed(std::string_view(stream).substr(at, size));
    }
    splitter.finish();
    EXPECT_THAT(lines_of(splitter), ElementsAre("{\"a\":1}", "{\"b\":2}", "{\"c\":3}")) << size;
  }
}

TEST(Ndjson, AnOversizeLineIsReportedAtOnceAndDropped) {
  NdjsonSplitter splitter(100);
  splitter.feed("{\"id\":1,\"result\":\"" + std::string(200, 'x'));
  const auto head = splitter.next();
  ASSERT_TRUE(head);
  EXPECT_EQ(head->kind, Incoming::Kind::oversize);
  EXPECT_TRUE(head->text.starts_with("{\"id\":1"));
  splitter.feed(std::string(100000, 'y') + "\",\"id\":1}\n{\"next\":1}\n");
  const auto tail = splitter.next();
  ASSERT_TRUE(tail);
  EXPECT_EQ(tail->kind, Incoming::Kind::oversize_end);
  EXPECT_TRUE(tail->text.ends_with("\"id\":1}"));
  EXPECT_EQ(splitter.next()->text, "{\"next\":1}");
}

}  // namespace
}  // namespace opsroom::tools
