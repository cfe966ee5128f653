#include "integration/sdk/mcp_process.hpp"
#include "web_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <memory>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

constexpr const char* token = "s3cret-token-value";

class Http : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("API_TOKEN", token, 1);
    ::setenv("http_proxy", "http://127.0.0.1:1", 1);
    start({{"allow_addresses", {"127.0.0.1"}}});
  }
  void TearDown() override {
    ::unsetenv("http_proxy");
    ::unsetenv("OPSROOM_PLUGIN_CONFIG");
  }
  void start(const json& config) {
    ::setenv("OPSROOM_PLUGIN_CONFIG", config.dump().c_str(), 1);
    process_ = std::make_unique<McpProcess>(runner(plugin("http")), directory_.path());
    process_->open_legacy();
  }
  json get(const std::string& path, json more = json::object()) {
    more["url"] = server_.base() + path;
    return process_->call("get", more);
  }
  json request(const std::string& path, json more = json::object()) {
    more["url"] = server_.base() + path;
    return process_->call("request", more);
  }
  static json data(const json& result) {
    EXPECT_FALSE(result.contains("isError")) << result;
    return result["structuredContent"];
  }

  /// What the server says, by path.
  static Reply reply(const Seen& seen) {
    const std::string path = seen.target.substr(0, seen.target.find('?'));
    if (path == "/json")
      return {
          200,
          {{"Content-Type", "application/json; charset=utf-8"}, {"X-A", "1"}, {"X-A", "2"}},
          R"({"a": [1, null]})"
      };
    if (path == "/text") return {200, {{"Content-Type", "text/html"}}, "h\xC3\xA4"};
    if (path == "/bytes") return {200, {}, std::string("\x00\xFF\x01", 3)};
    if (path == "/bad") return {503, {}, "come back later"};
    if (path == "/echo")
      return {
          200,
          {{"X-Echo", seen.headers.contains("authorization") ? seen.headers.at("authorization") : ""
          }},
          seen.body + " " + (seen.headers.contains("x-key") ? seen.headers.at("x-key") : "")
      };
    if (path == "/loop") return {302, {{"Location", "/loop"}}, "moving"};
    if (path == "/moved") return {302, {{"Location", "/text"}}, "moving"};
    if (path == "/moved-with-much")
      return {302, {{"Location", "/text"}}, std::string(3'000'000, 'x')};
    if (path == "/raw-echo")
      return {200, {}, std::string("\xFF\0", 2) + seen.headers.at("x-key") + "\xFF"};
    if (path == "/deep")
      return {200, {{"Content-Type", "application/json"}}, std::string(1'000'000, '[')};
    if (path == "/deep-closed")
      return {
          200,
          {{"Content-Type", "application/json"}},
          std::string(500'000, '[') + std::string(500'000, ']')
      };
    if (path == "/kept") return {307, {{"Location", "/echo"}}, ""};
    if (path == "/file-scheme") return {302, {{"Location", "file:///etc/passwd"}}, ""};
    if (path == "/to-private") return {302, {{"Location", "http://10.255.255.1/"}}, ""};
    if (path == "/to-metadata")
      return {302, {{"Location", "http://169.254.169.254/latest/meta-data"}}, ""};
    if (path == "/large") return {200, {}, std::string(3'000'000, 'x')};
    if (path == "/long-header") return {200, {{"X-Long", std::string(400'000, 'x')}}, ""};
    if (path == "/hang") return {200, {}, "", true};
    return {404, {}, "nothing here"};
  }

  TempDir directory_;
  WebServer server_{reply};
  std::unique_ptr<McpProcess> process_;
};

}  // namespace

TEST_F(Http, AnAnswerComesBackAsData) {
  const json made =
      data(get("/json", {{"query", {{"q", "a b&c"}, {"n", 3}}}, {"headers", {{"X-Me", "you"}}}}));
  EXPECT_EQ(made["status"], 200);
  EXPECT_EQ(made["json"], json::parse(R"({"a": [1, null]})"));
  EXPECT_EQ(made["text"], nullptr);
  EXPECT_EQ(made["headers"]["x-a"], "1, 2");
  EXPECT_EQ(made["url"], server_.base() + "/json");
  EXPECT_EQ(made["bytes"], 16);
  const Seen seen = server_.seen().at(0);
  EXPECT_EQ(seen.method, "GET");
  EXPECT_EQ(seen.target, "/json?n=3&q=a%20b%26c");
  EXPECT_EQ(seen.headers.at("x-me"), "you");
  EXPECT_EQ(data(get("/text"))["text"], "h\u00e4");
  EXPECT_EQ(data(get("/bytes"))["base64"], "AP8B");
}

TEST_F(Http, ABodyIsSentAsItIsGiven) {
  EXPECT_EQ(data(request("/echo", {{"json", {{"a", 1}}}}))["text"], "{\"a\":1} ");
  EXPECT_EQ(server_.seen().back().headers.at("content-type"), "application/json");
  EXPECT_EQ(server_.seen().back().method, "POST");
  EXPECT_EQ(data(request("/echo", {{"text", "plain"}, {"method", "PUT"}}))["text"], "plain ");
  EXPECT_EQ(server_.seen().back().method, "PUT");
  data(request("/echo", {{"base64", "AP8B"}, {"headers", {{"content-type", "x/y"}}}}));
  EXPECT_EQ(server_.seen().back().body, std::string("\x00\xFF\x01", 3));
  EXPECT_EQ(server_.seen().back().headers.at("content-type"), "x/y");
  data(request("/echo", {{"method", "DELETE"}}));
  EXPECT_EQ(server_.seen().back().method, "DELETE");
  EXPECT_EQ(data(request("/text", {{"method", "HEAD"}}))["status"], 200);
  EXPECT_THAT(text_of(request("/echo", {{"json", 1}, {"text", "x"}})), HasSubstr("give one of"));
}

TEST_F(Http, ABadStatusFailsTheCallAndKeepsTheAnswer) {
  const json result = get("/bad");
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(result["structuredContent"]["status"], 503);
  EXPECT_THAT(text_of(result), HasSubstr("/bad: status 503, 15 bytes: come back later"));
  EXPECT_EQ(data(get("/bad", {{"check", false}}))["status"], 503);
}

TEST_F(Http, SecretsAreSentAndNeverShown) {
  const json result = request(
      "/echo",
      {{"auth", {{"scheme", "bearer"}, {"secret", "API_TOKEN"}}},
       {"secret_headers", {{"X-Key", "API_TOKEN"}}},
       {"text", "b"}}
  );
  EXPECT_EQ(server_.seen().back().headers.at("authorization"), std::string("Bearer ") + token);
  EXPECT_EQ(server_.seen().back().headers.at("x-key"), token);
  EXPECT_EQ(data(result)["headers"]["x-echo"], "Bearer [redacted:API_TOKEN]");
  EXPECT_EQ(data(result)["text"], "b [redacted:API_TOKEN]");
  EXPECT_THAT(result.dump(), Not(HasSubstr(token)));

  const json basic =
      request("/echo", {{"auth", {{"scheme", "basic"}, {"user", "me"}, {"secret", "API_TOKEN"}}}});
  EXPECT_EQ(
      server_.seen().back().headers.at("authorization"), "Basic bWU6czNjcmV0LXRva2VuLXZhbHVl"
  );
  EXPECT_EQ(data(basic)["headers"]["x-echo"], "Basic [redacted:API_TOKEN]");
  EXPECT_THAT(process_->errors(), Not(HasSubstr(token)));
}

TEST_F(Http, ASecretIsNotShownBetweenBytesNorInFrontOfAnother) {
  const json raw = request("/raw-echo", {{"secret_headers", {{"X-Key", "API_TOKEN"}}}});
  // 0xFF 0x00 [redacted:API_TOKEN] 0xFF
  EXPECT_EQ(data(raw)["base64"], "/wBbcmVkYWN0ZWQ6QVBJX1RPS0VOXf8=");

  ::setenv("LONGER_TOKEN", (std::string(token) + "-and-its-end").c_str(), 1);
  start({{"allow_addresses", {"127.0.0.1"}}});
  const json both = request(
      "/echo",
      {{"auth", {{"scheme", "bearer"}, {"secret", "LONGER_TOKEN"}}},
       {"secret_headers", {{"X-Key", "API_TOKEN"}}}}
  );
  EXPECT_EQ(data(both)["headers"]["x-echo"], "Bearer [redacted:LONGER_TOKEN]");
}

TEST_F(Http, ASecretThatIsMissingOrForAnotherHostIsNotSent) {
  const json missing =
      get("/text", {{"auth", {{"scheme", "bearer"}, {"secret", "NO_SUCH_TOKEN"}}}});
  EXPECT_EQ(missing["isError"], true);
  EXPECT_THAT(text_of(missing), HasSubstr("NO_SUCH_TOKEN"));
  start(
      {{"allow_addresses", {"127.0.0.1"}},
       {"secret_hosts", {{"API_TOKEN", {"api.example.org", "*.example.net"}}}}}
  );
  EXPECT_THAT(
      text_of(get("/text", {{"auth", {{"scheme", "bearer"}, {"secret", "API_TOKEN"}}}})),
      HasSubstr("the secret API_TOKEN is not for the host 127.0.0.1")
  );
  EXPECT_TRUE(server_.seen().empty());
}

TEST_F(Http, RedirectsAreFollowedWithinTheirNumber) {
  const json moved = data(request("/moved", {{"text", "body"}}));
  EXPECT_EQ(moved["text"], "h\u00e4");
  EXPECT_EQ(moved["redirects"], 1);
  EXPECT_EQ(moved["url"], server_.base() + "/text");
  EXPECT_EQ(server_.seen().back().method, "GET");
  EXPECT_EQ(server_.seen().back().body, "");
  const json kept = data(request("/kept", {{"text", "body"}, {"method", "PUT"}}));
  EXPECT_EQ(server_.seen().back().method, "PUT");
  EXPECT_EQ(kept["text"], "body ");
  EXPECT_EQ(data(get("/moved", {{"max_redirects", 0}}))["status"], 302);
  EXPECT_EQ(data(get("/moved", {{"max_redirects", 0}}))["text"], "moving");
  EXPECT_THAT(text_of(get("/loop", {{"max_redirects", 3}})), HasSubstr("more than 3 redirects"));
}

TEST_F(Http, TheTextOfARedirectIsNotTheAnswer) {
  const json saved = data(request("/moved", {{"method", "GET"}, {"save_to", "page"}}));
  EXPECT_EQ(saved["redirects"], 1);
  EXPECT_EQ(contents(directory_.path() / "page"), "h\u00e4");
  EXPECT_EQ(saved["bytes"], 3);
  EXPECT_THAT(
      text_of(get("/moved-with-much")), HasSubstr("the text of the redirect is larger than 1 MiB")
  );
}

TEST_F(Http, JsonThatIsNestedWithoutEndIsText) {
  EXPECT_EQ(data(get("/deep"))["text"].get<std::string>().size(), 1'000'000U);
  EXPECT_EQ(data(get("/deep-closed"))["text"].get<std::string>().size(), 1'000'000U);
}

TEST_F(Http, ARedirectLeavesSecretsBehindWhenItLeadsElsewhere) {
  WebServer other([](const Seen&) { return Reply{200, {}, "other"}; });
  WebServer first([&](const Seen& seen) {
    return Reply{
        302, {{"Location", (seen.target == "/same" ? "/end" : other.base() + "/end")}}, ""
    };
  });
  const json secrets{
      {"auth", {{"scheme", "bearer"}, {"secret", "API_TOKEN"}}},
      {"secret_headers", {{"X-Key", "API_TOKEN"}}},
      {"headers", {{"X-Plain", "stays"}}},
      {"url", first.base() + "/away"}
  };
  data(process_->call("get", secrets));
  const Seen seen = other.seen().at(0);
  EXPECT_FALSE(seen.headers.contains("authorization"));
  EXPECT_FALSE(seen.headers.contains("x-key"));
  EXPECT_EQ(seen.headers.at("x-plain"), "stays");
}

TEST_F(Http, AddressesThatAreNotPublicAreRefusedAlsoBehindNamesAndRedirects) {
  EXPECT_THAT(text_of(get("/to-private")), HasSubstr("10.255.255.1:80 is not public"));
  EXPECT_THAT(text_of(get("/to-metadata")), HasSubstr("169.254.169.254:80 is not public"));
  EXPECT_THAT(text_of(get("/file-scheme")), HasSubstr("only http and https"));
  start(json::object());
  const auto refusal = [&](const std::string& url) {
    return text_of(process_->call("get", {{"url", url}}));
  };
  const std::string port = ":" + std::to_string(server_.port());
  EXPECT_THAT(refusal(server_.base() + "/text"), HasSubstr("allow_addresses"));
  // Names, and numbers in other dress, are judged by the address that is connected to.
  for (const char* host :
       {"localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[::1]", "0.0.0.0"})
    EXPECT_THAT(refusal("http://" + std::string(host) + port + "/text"), HasSubstr("is not public"))
        << host;
  EXPECT_THAT(refusal("file:///etc/passwd"), HasSubstr("only http and https"));
  EXPECT_THAT(
      refusal("http://user:pass@127.0.0.1/"), HasSubstr("must not hold a user or password")
  );
  EXPECT_THAT(refusal("nonsense url"), HasSubstr("is no URL"));
  EXPECT_EQ(server_.seen().size(), 3U) << "only the three redirects were asked for";
}

TEST_F(Http, TheOperatorMayNameTheOnlyHosts) {
  start({{"allow_addresses", {"127.0.0.1"}}, {"allow_hosts", {"example.org"}}});
  EXPECT_THAT(text_of(get("/text")), HasSubstr("the host 127.0.0.1 is none of those"));
}

TEST_F(Http, HeadersCannotSmuggleOthers) {
  EXPECT_THAT(text_of(get("/text", {{"headers", {{"X", "a\r\nY: b"}}}})), HasSubstr("line break"));
  EXPECT_THAT(
      text_of(get("/text", {{"headers", {{"X Y", "a"}}}})), HasSubstr("no name for a header")
  );
  EXPECT_THAT(
      text_of(get("/text", {{"headers", {{"Host", "other"}}}})),
      HasSubstr("set by the request itself")
  );
  EXPECT_THAT(text_of(request("/text", {{"method", "GET /x"}})), HasSubstr("is no method"));
}

TEST_F(Http, ALargeBodyIsRefusedOrSaved) {
  EXPECT_THAT(text_of(get("/large")), HasSubstr("larger than 1048576 bytes; raise max_bytes"));
  const json saved = data(request(
      "/large",
      {{"method", "GET"},
       {"save_to", "in/large.bin"},
       {"create_dirs", true},
       {"max_bytes", 4'000'000}}
  ));
  EXPECT_EQ(saved["path"], "in/large.bin");
  EXPECT_EQ(saved["text"], nullptr);
  EXPECT_EQ(fs::file_size(directory_.path() / "in/large.bin"), 3'000'000U);
  request("/large", {{"method", "GET"}, {"save_to", "cut.bin"}});
  request("/bad", {{"method", "GET"}, {"save_to", "bad.bin"}});
  EXPECT_FALSE(fs::exists(directory_.path() / "cut.bin"));
  EXPECT_FALSE(fs::exists(directory_.path() / "bad.bin"));
  EXPECT_EQ(std::distance(fs::directory_iterator(directory_.path()), {}), 1) << "nothing is left";
}

TEST_F(Http, ThePluginsOwnSettingsAreNoSecretToBeSent) {
  const json result = get("/raw-echo", {{"secret_headers", {{"X-Key", "OPSROOM_PLUGIN_CONFIG"}}}});
  EXPECT_THAT(text_of(result), HasSubstr("the secret OPSROOM_PLUGIN_CONFIG is not set"));
  EXPECT_THAT(server_.seen(), testing::IsEmpty());
}

TEST_F(Http, AHeaderWithoutEndIsNamedAsSuch) {
  EXPECT_THAT(text_of(get("/long-header")), HasSubstr("headers is too long"));
}

TEST_F(Http, NothingIsSavedIntoGit) {
  fs::create_directories(directory_.path() / ".git/hooks");
  fs::create_directory_symlink(".git/hooks", directory_.path() / "hooks");
  const auto save = [&](const std::string& path) {
    return text_of(request("/text", {{"method", "GET"}, {"save_to", path}, {"create_dirs", true}}));
  };
  EXPECT_THAT(save(".git/hooks/pre-commit"), HasSubstr("/save_to: must not lead into .git"));
  EXPECT_THAT(save("hooks/pre-commit"), HasSubstr("it leads into .git"));
  EXPECT_TRUE(fs::is_empty(directory_.path() / ".git/hooks"));
  EXPECT_THAT(server_.seen(), testing::IsEmpty()) << "refused before anything was asked for";
}

TEST_F(Http, ASavedFileKeepsItsPermissions) {
  std::ofstream(directory_.path() / "tool") << "old";
  fs::permissions(directory_.path() / "tool", fs::perms(0755));
  request("/text", {{"method", "GET"}, {"save_to", "tool"}});
  EXPECT_EQ(contents(directory_.path() / "tool"), "h\u00e4");
  EXPECT_EQ(fs::status(directory_.path() / "tool").permissions(), fs::perms(0755));
  fs::create_directory(directory_.path() / "place");
  EXPECT_THAT(
      text_of(request("/text", {{"method", "GET"}, {"save_to", "place"}})),
      HasSubstr("Is a directory")
  );
}

TEST_F(Http, NothingIsWaitedForWithoutADeadline) {
  EXPECT_THAT(text_of(get("/hang", {{"timeout_seconds", 0.2}})), HasSubstr("no answer in time"));
  const ClosedPort nobody;
  EXPECT_THAT(
      text_of(process_->call("get", {{"url", "http://127.0.0.1:" + std::to_string(nobody.port())}})
      ),
      HasSubstr("Couldn't connect")
  );
}

TEST_F(Http, ACancelEndsIt) {
  const int id =
      process_->start("get", {{"url", server_.base() + "/hang"}, {"timeout_seconds", 3000}});
  ASSERT_TRUE(server_.saw(1));
  process_->cancel(id);
  EXPECT_TRUE(server_.left(1)) << "the request goes on";
  EXPECT_EQ(data(get("/text"))["status"], 200);
  process_->close_stdin();
  EXPECT_EQ(process_->wait(), 0) << process_->errors();
}

TEST_F(Http, OnlyReadingIsSaidToBeSafeToRepeat) {
  const json tools = process_->legacy("tools/list")["result"]["tools"];
  for (const json& each : tools) {
    const bool reads = each["name"] == "get";
    EXPECT_EQ(each["annotations"]["readOnlyHint"], reads);
    EXPECT_EQ(each["annotations"]["idempotentHint"], reads);
  }
}

TEST_F(Http, SettingsThatMakeNoSenseKeepItFromStarting) {
  ::setenv("OPSROOM_PLUGIN_CONFIG", R"({"allow_addresses": ["localhost"]})", 1);
  McpProcess wrong(runner(plugin("http")), directory_.path());
  EXPECT_EQ(wrong.wait(), 78);
  EXPECT_THAT(wrong.errors(), HasSubstr("'localhost' is no network"));
}

}  // namespace opsroom::test
