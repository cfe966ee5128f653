#include "web/http.hpp"

#include "web/errors.hpp"
#include "web/wire.hpp"

#include <gtest/gtest.h>

namespace opsroom::web {
namespace {

Request split(std::string target) {
  Request request;
  request.target = std::move(target);
  split_target(request);
  return request;
}

TEST(Target, IsCutIntoDecodedSegmentsAndParameters) {
  const Request request = split("/api/a%20b/%2e%2e/c?x=1&y=a+b%26c&z&=1");
  EXPECT_EQ(request.path(), "/api/a%20b/%2e%2e/c");
  EXPECT_EQ(request.segments, (std::vector<std::string>{"api", "a b", "..", "c"}));
  EXPECT_EQ(request.parameter("x"), "1");
  EXPECT_EQ(request.parameter("y"), "a b&c");
  EXPECT_EQ(request.parameter("z"), "");
  EXPECT_EQ(request.parameter("nothing"), std::nullopt);
}

TEST(Target, AnEncodedSlashStaysInsideItsSegment) {
  EXPECT_EQ(split("/a%2Fb").segments, (std::vector<std::string>{"a/b"}));
}

TEST(Target, IsRefusedWhenMalformed) {
  for (const char* target :
       {"", "x", "http://host/", "*", "/%", "/%4", "/%zz", "/%00", "/a%0Ab", "/?x=%", "/?a=%0d"}) {
    EXPECT_THROW(split(target), Refusal) << target;
  }
}

TEST(Target, AParameterGivenTwiceIsRefused) {
  EXPECT_THROW(split("/?a=1&a=2").parameter("a"), Failure);
}

TEST(Headers, CompareNamesWithoutCase) {
  Headers headers{{"Content-Type", "a"}, {"X", "1"}};
  headers.add("x", "2");
  EXPECT_EQ(headers.find("CONTENT-TYPE"), "a");
  EXPECT_EQ(headers.count("x"), 2u);
  headers.set("X", "3");
  EXPECT_EQ(headers.count("x"), 1u);
}

TEST(ResponseHead, AValueCannotStartAHeaderOfItsOwn) {
  Response response;
  response.headers.add("X-Name", "a\r\nSet-Cookie: evil=1");
  const std::string head = response_head(response, Headers{}, false);
  EXPECT_EQ(head.find("\r\nSet-Cookie"), std::string::npos);
}

TEST(ResponseHead, AResponseKeepsItsStricterHeader) {
  Response response;
  response.headers.add("Content-Security-Policy", "sandbox");
  const std::string head =
      response_head(response, Headers{{"content-security-policy", "loose"}}, false);
  EXPECT_EQ(head.find("loose"), std::string::npos);
}

}  // namespace
}  // namespace opsroom::web
