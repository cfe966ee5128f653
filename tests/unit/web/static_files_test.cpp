#include "support/web/test_site.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace opsroom::testing {
namespace {

class Page : public ::testing::Test {
 protected:
  void build() {
    site.page.write("index.html", "<!doctype html><title>Runboard</title>");
    site.page.write("assets/index-1a2b.js", "console.log(1)");
    site.page.write("assets/index-1a2b.js.br", "brotli bytes");
    site.page.write("assets/index-1a2b.js.gz", "gzip bytes");
    site.page.write("favicon.svg", "<svg/>");
    site.page.write(".secret.txt", "hidden");
  }

  TestSite site;
};

TEST_F(Page, IsServedWithTypesAndCaching) {
  build();
  const Answer index = site.ask("GET", "/");
  EXPECT_EQ(index.status, 200);
  EXPECT_EQ(index.header("content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(index.header("cache-control"), "no-cache");
  const Answer script = site.ask("GET", "/assets/index-1a2b.js");
  EXPECT_EQ(script.body, "console.log(1)");
  EXPECT_EQ(script.header("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(script.header("cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(site.ask("GET", "/favicon.svg").header("content-type"), "image/svg+xml");
}

TEST_F(Page, ComesPackedWhereTheBrowserTakesIt) {
  build();
  const auto ask = [&](const std::string& accept) {
    return site.ask("GET", "/assets/index-1a2b.js", {"Accept-Encoding: " + accept});
  };
  EXPECT_EQ(ask("gzip, deflate, br").header("content-encoding"), "br");
  EXPECT_EQ(ask("gzip, deflate, br").body, "brotli bytes");
  EXPECT_EQ(ask("gzip").body, "gzip bytes");
  EXPECT_EQ(ask("br;q=0, gzip;q=0.5").body, "gzip bytes");
  EXPECT_EQ(ask("identity").body, "console.log(1)");
  EXPECT_EQ(ask("brotli, gzipped").header("content-encoding"), "");
  EXPECT_EQ(ask("br").header("content-type"), "text/javascript; charset=utf-8");
}

TEST_F(Page, IsNotSentAgainWhenItHasNotChanged) {
  build();
  const std::string tag = site.ask("GET", "/").header("etag");
  ASSERT_FALSE(tag.empty());
  const Answer again = site.ask("GET", "/", {"If-None-Match: " + tag});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(site.ask("GET", "/", {"If-None-Match: \"other\""}).status, 200);
}

TEST_F(Page, AnswersItsOwnAddressesButNotMissingFiles) {
  build();
  EXPECT_EQ(site.ask("GET", "/sessions/3").body, site.ask("GET", "/").body);
  EXPECT_EQ(site.ask("GET", "/assets/missing.js").status, 404);
  EXPECT_EQ(site.ask("GET", "/api/missing").status, 404);
  EXPECT_EQ(site.ask("GET", "/api").status, 404);
  EXPECT_EQ(site.ask("POST", "/").status, 404);
}

TEST_F(Page, LetsNobodyOutOfItsDirectory) {
  build();
  std::filesystem::create_symlink("/etc/passwd", site.page.path() / "link.txt");
  std::filesystem::create_directory_symlink("/etc", site.page.path() / "etc");
  for (const char* target :
       {"/../../etc/passwd.txt",
        "/%2e%2e/%2e%2e/etc/passwd.x",
        "/..%2f..%2fetc%2fpasswd.x",
        "/assets/../index.html",
        "/assets/%2e%2e/index.html",
        "/assets//index-1a2b.js",
        "//index.html",
        "/link.txt",
        "/etc/hosts.allow",
        "/.secret.txt",
        "/%5c..%5cx.txt",
        "/index.html/",
        "/index.html%00.js",
        "/./index.html"}) {
    const Answer answer = site.ask("GET", target);
    EXPECT_EQ(answer.body.find("root:"), std::string::npos) << target;
    EXPECT_TRUE(
        answer.status == 404 || answer.status == 400 || answer.body.starts_with("<!doctype")
    ) << target
      << " " << answer.status;
    EXPECT_EQ(answer.body.find("console.log"), std::string::npos) << target;
  }
  EXPECT_EQ(site.ask("GET", "/link.txt").status, 404);
  EXPECT_EQ(site.ask("GET", "/.secret.txt").status, 404);
}

TEST_F(Page, SaysHowToGetItWhenItWasNotBuilt) {
  const Answer answer = site.ask("GET", "/");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("content-type"), "text/html; charset=utf-8");
  EXPECT_NE(answer.body.find("./dev build"), std::string::npos);
}

TEST_F(Page, IsReadAgainAfterItWasBuiltAnew) {
  EXPECT_EQ(site.ask("GET", "/").status, 404);
  build();
  EXPECT_EQ(site.ask("GET", "/").status, 200);
  site.page.write("index.html", "<!doctype html><title>Runboard, newer</title>");
  site.page.write("assets/index-9z.js", "2");
  EXPECT_NE(site.ask("GET", "/").body.find("newer"), std::string::npos);
  EXPECT_EQ(site.ask("GET", "/assets/index-9z.js").body, "2");
}

}  // namespace
}  // namespace opsroom::testing
