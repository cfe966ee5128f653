#include "tools/redactor.hpp"

#include "tools/redacting_listener.hpp"
#include "unit/tools/io.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace opsroom::tools {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Redactor, ReplacesASecretByItsName) {
  const Redactor redactor({{"TOKEN", "s3cr3t-value"}});
  EXPECT_EQ(
      redactor.text("a s3cr3t-value, twice s3cr3t-value"),
      "a [redacted:TOKEN], twice [redacted:TOKEN]"
  );
  EXPECT_EQ(redactor.text("nothing here"), "nothing here");
}

TEST(Redactor, KnowsTheFormsInWhichToolsShowSecrets) {
  const Redactor redactor({{"T", "pa\"ss/wo rd+1"}});
  for (const char* form : {
           "{\"x\":\"pa\\\"ss/wo rd+1\"}",    // JSON
           "{\"x\":\"pa\\\"ss\\/wo rd+1\"}",  // JSON of PHP
           "?q=pa%22ss%2Fwo%20rd%2B1&",       // percent
           "?q=pa%22ss%2Fwo+rd%2B1&",         // a form
           "Basic cGEic3Mvd28gcmQrMQ==",      // base64
           "Basic dXNlcjpwYSJzcy93byByZCsx",  // base64 of user:…
           "70612273732f776f2072642b31",      // hexadecimal
           "?q=pa%22ss/wo%20rd%2B1&",         // Python's quote
           "?q=pa%22ss/wo%20rd+1&",           // encodeURI
           "%70%61%22%73%73%2f%77%6f%20%72%64%2b%31",
           "\"pa\\u0022ss/wo rd\\u002B1\"",  // JSON of .NET
           "/properties/pa\"ss~1wo rd+1",    // a JSON Pointer
       }) {
    EXPECT_THAT(redactor.text(form), HasSubstr("[redacted:T]")) << form;
  }
}

TEST(Redactor, KnowsWhatEscapingMakesOfUnusualCharacters) {
  const Redactor redactor({{"T", "a<b>&c\u00e9'd"}});
  for (const char* form : {
           "a\\u003cb\\u003e\\u0026c\u00e9'd",         // JSON of Go
           "a\\u003Cb\\u003E\\u0026c\\u00E9\\u0027d",  // JSON of .NET
           "a<b>&c\\xc3\\xa9'd",                       // a log
           "a%3Cb%3E%26c%C3%A9'd",                     // encodeURIComponent
       }) {
    EXPECT_EQ(redactor.text(form), "[redacted:T]") << form;
  }
}

TEST(Redactor, ALongSecretIsKnownInLinesOfBase64) {
  std::string secret;
  for (int i = 0; i < 80; ++i)
    secret += fmt::format("{:x}", i * i);
  const Redactor redactor({{"T", secret}});
  // What `printf %s "$T" | base64` prints.
  const std::string shown = redactor.text(
      "MDE0OTEwMTkyNDMxNDA1MTY0Nzk5MGE5YzRlMTEwMDEyMTE0NDE2OTE5MDFiOTFlNDIxMTI0MDI3\n"
      "MTJhNDJkOTMxMDM0OTM4NDNjMTQwMDQ0MTQ4NDRjOTUxMDU1OTVhNDVmMTY0MDY5MTZlNDczOTc5\n"
      "MDdlOTg0NDhhMTkwMDk2MTljNGEyOWE5MGFmOWI2NGJkMWM0MGNiMWQyNGQ5OWUxMGU4OWYwNGY4\n"
      "MTEwMDAxMDgxMTEwNDExODkxMjEwMTI5OTEzMjQxM2IxMTQ0MDE0ZDExNTY0MTVmOTE2OTAxNzI5\n"
      "MTdjNDE4NjE=\n"
  );
  EXPECT_EQ(shown, "[redacted:T]\n[redacted:T]\n[redacted:T]\n[redacted:T]\n[redacted:T]E=\n");
}

TEST(Redactor, EachLongLineOfASecretOfManyLinesIsOneToo) {
  const Redactor redactor({{"KEY", "-----BEGIN-----\nMIIEvQIBADANBg\nshort\n-----END-----"}});
  EXPECT_EQ(redactor.text("key: MIIEvQIBADANBg!"), "key: [redacted:KEY]!");
  EXPECT_EQ(redactor.text("short"), "short");
}

TEST(Redactor, ShortValuesStay) {
  EXPECT_TRUE(Redactor({{"N", "abc"}}).empty());
}

TEST(Redactor, OverlappingSecretsGoTogether) {
  const Redactor redactor({{"A", "abcdef"}, {"B", "defghi"}});
  EXPECT_EQ(redactor.text("<abcdefghi>"), "<[redacted:A]>");
}

TEST(Redactor, ASecretInsideItsOwnPlaceholderIsNotShown) {
  const Redactor redactor({{"redacted", "redacted"}, {"hidden", "hidden"}});
  EXPECT_THAT(redactor.text("x redacted hidden"), Not(HasSubstr("redacted")));
}

TEST(Redactor, JsonIsFreedOfThemInStringsKeysAndNumbers) {
  const Redactor redactor({{"T", "topsecret"}, {"PIN", "482913"}});
  Json value{{"a", {"x topsecret", 1}}, {"topsecret", true}, {"n", 14829137}};
  redactor.json(value);
  EXPECT_EQ(
      value, (Json{{"a", {"x [redacted:T]", 1}}, {"[redacted:T]", true}, {"n", "1[redacted:PIN]7"}})
  );
}

TEST(Redactor, AResultIsFreedOfThemButForWhatItNeedsToGoOn) {
  const Redactor redactor({{"T", "topsecret"}});
  ToolResult result;
  result.output = Json{{"text", "topsecret"}};
  result.error = "bad topsecret";
  result.hint = "use topsecret";
  result.artifacts.push_back({"", "file", "topsecret.txt", "text/plain", {}, Json::object()});
  result.artifacts[0].content = std::string("a\0topsecret", 11);
  result.suspended =
      Suspension{Json("topsecret"), {{"k", "m", {{"message", "topsecret?"}}}}, {}, "topsecret"};
  redactor.result(result);
  EXPECT_EQ(result.output.json(), (Json{{"text", "[redacted:T]"}}));
  EXPECT_EQ(result.error, "bad [redacted:T]");
  EXPECT_EQ(result.hint, "use [redacted:T]");
  EXPECT_EQ(result.artifacts[0].name, "[redacted:T].txt");
  EXPECT_EQ(result.artifacts[0].content, std::string("a\0[redacted:T]", 14));
  EXPECT_EQ(result.suspended->why, "[redacted:T]");
  EXPECT_EQ(result.suspended->asks[0].params, (Json{{"message", "[redacted:T]?"}}));
  EXPECT_EQ(result.suspended->state, "topsecret");
}

/// Few letters, so that secrets overlap themselves and each other all the time.
std::string random_text(std::mt19937& random, std::size_t length, const char* letters) {
  const std::string_view alphabet(letters);
  std::uniform_int_distribution<std::size_t> pick(0, alphabet.size() - 1);
  std::string text;
  while (text.size() < length)
    text += alphabet[pick(random)];
  return text;
}

TEST(RedactingStream, NeverShowsASecretHoweverTheStreamIsCut) {
  std::mt19937 random(20260728);
  for (int round = 0; round < 3000; ++round) {
    const std::vector<Secret> secrets{
        {"A", random_text(random, 4 + round % 5, "ab\n")},
        {"B", random_text(random, 4 + round % 3, "ab")}
    };
    const Redactor redactor(secrets);
    const std::string text = random_text(random, 40, "ab\n") + secrets[0].value +
                             random_text(random, 10, "ab") + secrets[1].value;
    RedactingStream stream(redactor);
    std::string shown;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t length = 1 + random() % 7;
      shown += stream.feed(std::string_view(text).substr(at, length));
      at += length;
    }
    shown += stream.finish();
    for (const Secret& secret : secrets)
      ASSERT_THAT(shown, Not(HasSubstr(secret.value))) << "round " << round << ": " << text;
  }
}

TEST(RedactingStream, HoldsBackNoMoreThanTheBeginningOfASecret) {
  const Redactor redactor({{"T", "topsecret"}});
  RedactingStream stream(redactor);
  EXPECT_EQ(stream.feed("hello to"), "hello ");
  EXPECT_EQ(stream.held(), "to");
  EXPECT_EQ(stream.feed("day"), "today");
  EXPECT_EQ(stream.feed("top"), "");
  EXPECT_EQ(stream.finish(), "top");
}

class Heard : public CallListener {
 public:
  Task<> log(std::string, std::string text) override {
    lines += text + "\n";
    ++calls;
    co_return;
  }
  void progress(double, std::optional<double>, std::string message) override { lines += message; }
  Task<InputReply> ask(InputAsk question, Milliseconds) override {
    asked = question.params;
    co_return InputReply{InputAction::accept, Json("topsecret")};
  }

  std::string lines;
  int calls = 0;
  Json asked;
};

TEST(RedactingListener, ASecretOfManyLinesThatComesLineByLineIsNotShown) {
  test::Io io;
  Heard heard;
  RedactingListener listener(
      heard, std::make_shared<const Redactor>(std::vector<Secret>{{"K", "one\ntwo\nend"}})
  );
  for (const char* line : {"before", "x one", "two", "end y", "one", "two", "else"})
    io.run(listener.log("stderr", line));
  io.run(listener.finish());
  EXPECT_EQ(heard.lines, "before\nx [redacted:K] y\none\ntwo\nelse\n");
}

TEST(RedactingListener, WhatIsHeldBackComesAtTheEnd) {
  test::Io io;
  Heard heard;
  RedactingListener listener(
      heard, std::make_shared<const Redactor>(std::vector<Secret>{{"K", "one\ntwo\nend"}})
  );
  io.run(listener.log("stderr", "one"));
  EXPECT_EQ(heard.calls, 0);
  io.run(listener.finish());
  EXPECT_EQ(heard.lines, "one\n");
}

TEST(RedactingListener, ASecretIsNotTheNameOfAStreamEither) {
  class Streams : public Heard {
   public:
    Task<> log(std::string stream, std::string) override {
      name = std::move(stream);
      co_return;
    }
    std::string name;
  };
  test::Io io;
  Streams heard;
  RedactingListener listener(
      heard, std::make_shared<const Redactor>(std::vector<Secret>{{"T", "topsecret"}})
  );
  io.run(listener.log("by topsecret", "text"));
  EXPECT_EQ(heard.name, "by [redacted:T]");
}

TEST(RedactingListener, ProgressAndQuestionsAreFreedAndAnswersAreNot) {
  test::Io io;
  Heard heard;
  RedactingListener listener(
      heard, std::make_shared<const Redactor>(std::vector<Secret>{{"T", "topsecret"}})
  );
  listener.progress(1, {}, "at topsecret");
  EXPECT_EQ(heard.lines, "at [redacted:T]");
  InputAsk question{"k", "elicitation/create", {{"message", "topsecret?"}}};
  const InputReply reply = io.run(listener.ask(std::move(question), Milliseconds(1)));
  EXPECT_EQ(heard.asked, (Json{{"message", "[redacted:T]?"}}));
  EXPECT_EQ(reply.content, "topsecret");
}

}  // namespace
}  // namespace opsroom::tools
