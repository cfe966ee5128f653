#include "support/web/test_site.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace opsroom::testing {
namespace {

using web::Access;

/// A route's pattern as a path that names something.
std::string example(const std::string& pattern) {
  std::string path = pattern;
  for (const auto& [name, value] : {std::pair("{id}", "1"), std::pair("{lane}", "A")}) {
    const auto at = path.find(name);
    if (at != std::string::npos) path.replace(at, std::string_view(name).size(), value);
  }
  return path;
}

/// A browser that has logged in: the cookie and what its page knows.
struct Browser {
  std::string cookie;
  std::string csrf;
};

Browser log_in(TestSite& site) {
  site.on_io([&] { site.credentials.put("login", "K7Q29F4M", "operator", "admin"); });
  const Answer answer = site.ask(
      "POST", "/api/login", {"Content-Type: application/json"}, R"({"code": "k7q2-9f4m"})"
  );
  if (answer.status != 200) throw std::runtime_error("login failed: " + answer.body);
  const std::string cookie = answer.header("set-cookie");
  return {"Cookie: " + cookie.substr(0, cookie.find(';')), answer.json().at("csrf")};
}

class Auth : public ::testing::Test {
 protected:
  std::string origin() const { return fmt::format("Origin: http://127.0.0.1:{}", site.port()); }

  int status(
      const web::Router::Entry& route, std::vector<std::string> headers, std::string body = "{}"
  ) {
    if (route.method == "GET") body.clear();
    if (!body.empty()) headers.push_back("Content-Type: application/json");
    // Only the head: a stream would never end.
    Client client(site.port());
    client.send(request_text(route.method, example(route.pattern), site.port(), headers, body));
    return client.read_stream_head().status;
  }

  TestSite site;
};

TEST_F(Auth, NoRouteButTheOpenOnesAnswersWithoutACredential) {
  std::vector<std::string> open;
  for (const auto& route : site.routes()) {
    if (route.access == Access::open) {
      open.push_back(route.method + ' ' + route.pattern);
      continue;
    }
    const std::string name = route.method + ' ' + route.pattern;
    EXPECT_EQ(status(route, {}), 401) << name;
    EXPECT_EQ(status(route, {"Authorization: Bearer ops_wrong"}), 401) << name;
    EXPECT_EQ(status(route, {"Authorization: Basic b3BzOng="}), 401) << name;
    EXPECT_EQ(status(route, {"Authorization: Bearer"}), 401) << name;
    EXPECT_EQ(status(route, {site.admin_header(), site.admin_header()}), 401) << name;
    EXPECT_EQ(status(route, {"Cookie: opsroom_session_" + std::to_string(site.port()) + "=x"}), 401)
        << name;
  }
  EXPECT_EQ(open, (std::vector<std::string>{"GET /healthz", "POST /api/login"}));
}

TEST_F(Auth, TheCredentialIsAskedForBeforeTheBodyIsLookedAt) {
  for (const auto& route : site.routes()) {
    if (route.method == "GET" || route.access == Access::open) continue;
    EXPECT_EQ(status(route, {}, "not json"), 401) << route.pattern;
    // A body that never comes: the answer does.
    Client client(site.port());
    client.send(fmt::format(
        "POST {} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nContent-Length: 100000000\r\n\r\n",
        example(route.pattern),
        site.port()
    ));
    EXPECT_EQ(client.read_answer().status, 401) << route.pattern;
  }
}

TEST_F(Auth, AWorkerReadsAndWorksButDecidesNothing) {
  for (const auto& route : site.routes()) {
    if (route.access == Access::open) continue;
    const int got = status(route, {site.worker_header()});
    const std::string name = route.method + ' ' + route.pattern;
    if (route.access == Access::admin) {
      EXPECT_EQ(got, 403) << name;
    } else {
      EXPECT_NE(got, 401) << name;
      EXPECT_NE(got, 403) << name;
    }
  }
}

TEST_F(Auth, AnAdminMayUseEveryRoute) {
  for (const auto& route : site.routes()) {
    if (route.access == Access::open) continue;
    const int got = status(route, {site.admin_header()});
    EXPECT_NE(got, 401) << route.pattern;
    EXPECT_NE(got, 403) << route.pattern;
  }
}

TEST_F(Auth, AnUnknownRoleMayDoNothing) {
  site.on_io([&] { site.credentials.put("token", "odd", "odd", "janitor"); });
  EXPECT_EQ(site.ask("GET", "/api/sessions", {"Authorization: Bearer odd"}).status, 403);
}

TEST_F(Auth, ABrowserNeedsItsCsrfValueToChangeAnything) {
  const Browser browser = log_in(site);
  for (const auto& route : site.routes()) {
    if (route.access == Access::open || route.pattern == "/api/logout") continue;
    const std::string name = route.method + ' ' + route.pattern;
    const std::string good = "X-Opsroom-CSRF: " + browser.csrf;
    const auto refused = [](int got) { return got == 401 || got == 403; };
    EXPECT_FALSE(refused(status(route, {browser.cookie, origin(), good}))) << name;
    if (route.method == "GET") {
      EXPECT_FALSE(refused(status(route, {browser.cookie}))) << name;
      EXPECT_EQ(status(route, {browser.cookie, "Sec-Fetch-Site: cross-site"}), 403) << name;
      EXPECT_EQ(status(route, {browser.cookie, "Sec-Fetch-Site: same-site"}), 403) << name;
      continue;
    }
    EXPECT_EQ(status(route, {browser.cookie, origin()}), 403) << name;
    EXPECT_EQ(status(route, {browser.cookie, origin(), "X-Opsroom-CSRF: wrong"}), 403) << name;
    EXPECT_EQ(status(route, {browser.cookie, good}), 403) << name << " without Origin";
    for (const char* site_header : {"cross-site", "same-site", "none"}) {
      const auto header = fmt::format("Sec-Fetch-Site: {}", site_header);
      EXPECT_EQ(status(route, {browser.cookie, origin(), good, header}), 403) << name << header;
    }
    EXPECT_FALSE(
        refused(status(route, {browser.cookie, origin(), good, "Sec-Fetch-Site: same-origin"}))
    ) << name;
  }
}

TEST_F(Auth, ABearerTokenMakesCookiesIrrelevant) {
  const Browser browser = log_in(site);
  EXPECT_EQ(site.ask("GET", "/api/me", {browser.cookie, "Authorization: Bearer bad"}).status, 401);
}

TEST_F(Auth, LoggingOutEndsTheBrowserSession) {
  const Browser browser = log_in(site);
  EXPECT_EQ(site.ask("GET", "/api/me", {browser.cookie}).json().at("name"), "operator");
  const Answer out = site.ask(
      "POST", "/api/logout", {browser.cookie, origin(), "X-Opsroom-CSRF: " + browser.csrf}
  );
  EXPECT_EQ(out.status, 200);
  EXPECT_NE(out.header("set-cookie").find("Max-Age=0"), std::string::npos);
  EXPECT_EQ(site.ask("GET", "/api/me", {browser.cookie}).status, 401);
  EXPECT_EQ(site.admin("POST", "/api/logout").status, 409) << "a token is no browser session";
}

TEST_F(Auth, ALoginCodeWorksOnceHoweverItIsTyped) {
  site.on_io([&] { site.credentials.put("login", "ABCD2345", "operator", "admin"); });
  const auto log_in_with = [&](const std::string& code) {
    return site.ask(
        "POST", "/api/login", {"Content-Type: application/json"}, Json{{"code", code}}.dump()
    );
  };
  const Answer first = log_in_with(" abcd-2345");
  EXPECT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(first.json().at("role"), "admin");
  const std::string cookie = first.header("set-cookie");
  EXPECT_NE(cookie.find("HttpOnly; SameSite=Strict"), std::string::npos) << cookie;
  EXPECT_EQ(log_in_with("ABCD-2345").status, 401);
  EXPECT_EQ(
      site.ask(
              "POST",
              "/api/login",
              {"Content-Type: application/json", "Sec-Fetch-Site: cross-site"},
              R"({"code": "x"})"
      )
          .status,
      403
  );
}

TEST_F(Auth, GuessingCodesIsCutOffAfterTenTries) {
  const std::vector<std::string> headers{"Content-Type: application/json"};
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(site.ask("POST", "/api/login", headers, R"({"code": "X"})").status, 401);
  }
  const Answer last = site.ask("POST", "/api/login", headers, R"({"code": "X"})");
  EXPECT_EQ(last.status, 429);
  EXPECT_EQ(last.header("retry-after"), "60");
}

TEST_F(Auth, OnlyOurOwnNamesAreAnsweredFor) {
  const auto with_host = [&](const std::string& host) {
    return site.ask("GET", "/healthz", {"Host: " + host}).status;
  };
  const std::string port = std::to_string(site.port());
  for (const std::string name : {"127.0.0.1", "localhost", "LOCALHOST", "[::1]"}) {
    EXPECT_EQ(with_host(name + ':' + port), 200) << name;
    EXPECT_EQ(with_host(name), 421) << name;
    EXPECT_EQ(with_host(name + ":1"), 421) << name;
  }
  const std::vector<std::string> foreign{
      "evil.example:" + port,
      "127.0.0.1.evil.example:" + port,
      "localhost.:" + port,
      "evil.example",
      "127.0.0.1:" + port + "x",
      "127.0.0.1:0" + port,
      "",
      "[::1]:"
  };
  for (const std::string& host : foreign) {
    EXPECT_EQ(with_host(host), 421) << host;
  }
  // Everything is behind that check: routes, streams, the page.
  for (const char* target : {"/", "/api/stream?run=1", "/api/sessions", "/nothing"}) {
    EXPECT_EQ(site.ask("GET", target, {"Host: evil.example", site.admin_header()}).status, 421);
  }
}

TEST_F(Auth, AForeignOriginIsRefusedWhateverTheCredential) {
  const std::string port = std::to_string(site.port());
  const auto with_origin = [&](const std::string& value) {
    return site.ask("GET", "/api/me", {"Origin: " + value, site.admin_header()}).status;
  };
  EXPECT_EQ(with_origin("http://127.0.0.1:" + port), 200);
  EXPECT_EQ(with_origin("HTTP://127.0.0.1:" + port), 200);
  const std::vector<std::string> foreign{
      "null",
      "http://evil.example",
      "http://localhost:" + port,
      "http://127.0.0.1:1",
      "http://127.0.0.1:" + port + ".evil.example",
      "ftp://127.0.0.1:" + port,
      "*"
  };
  for (const std::string& origin : foreign) {
    EXPECT_EQ(with_origin(origin), 403) << origin;
  }
  EXPECT_EQ(
      site.ask("POST", "/api/login", {"Origin: http://evil.example"}, R"({"code":"X"})").status, 403
  );
}

TEST(AuthOptions, FurtherHostsAreAnsweredForWhenTheOperatorSaysSo) {
  web::Options options;
  options.allow_hosts = {"Ops.example", "other.example:8443"};
  TestSite site(options);
  const auto with_host = [&](const std::string& host) {
    return site.ask("GET", "/healthz", {"Host: " + host}).status;
  };
  EXPECT_EQ(with_host("ops.example"), 200);
  EXPECT_EQ(with_host("ops.example:9000"), 200);
  EXPECT_EQ(with_host("other.example:8443"), 200);
  EXPECT_EQ(with_host("other.example"), 421);
  EXPECT_EQ(with_host("x.ops.example"), 421);
}

TEST_F(Auth, ADatabaseThatIsAwayIsNoWrongCredential) {
  site.on_io([&] { site.credentials.down = true; });
  const Answer answer = site.admin("GET", "/api/me");
  EXPECT_EQ(answer.status, 503);
  EXPECT_FALSE(answer.header("retry-after").empty());
}

}  // namespace
}  // namespace opsroom::testing
