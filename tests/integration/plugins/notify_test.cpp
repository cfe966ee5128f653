#include "integration/sdk/mcp_process.hpp"
#include "web_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <set>
#include <string_view>

namespace opsroom::test {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* signing_key = "a signing key of the tests";

/// Checks a delivery as a receiver in another language would; also drops what it has seen.
class Receiver {
 public:
  Reply operator()(const Seen& seen) {
    const auto header = [&](const char* name) {
      const auto found = seen.headers.find(name);
      return found == seen.headers.end() ? std::string() : found->second;
    };
    const std::string id = header("webhook-id");
    const std::string at = header("webhook-timestamp");
    if (header("webhook-signature") != "v1," + expected(id + "." + at + "." + seen.body))
      return {401, {}, "wrong signature"};
    if (std::abs(std::stol(at) - std::time(nullptr)) > 300) return {401, {}, "too old"};
    if (!ids_.insert(id).second) return {200, {}, "seen before"};
    return {200, {}, "thanks"};
  }

 private:
  static std::string expected(const std::string& text) {
    const std::string_view key = signing_key;
    std::array<unsigned char, 32> digest{};
    unsigned size = 0;
    HMAC(
        EVP_sha256(),
        key.data(),
        static_cast<int>(key.size()),
        reinterpret_cast<const unsigned char*>(text.data()),
        text.size(),
        digest.data(),
        &size
    );
    std::array<unsigned char, 64> base64{};
    const int length = EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(size));
    return {base64.begin(), base64.begin() + length};
  }

  std::set<std::string> ids_;
};

class Notify : public testing::Test {
 protected:
  ~Notify() override { ::unsetenv("OPSROOM_PLUGIN_CONFIG"); }

  void start(const json& config) {
    ::setenv("WEBHOOK_SECRET", signing_key, 1);
    ::setenv("POKE_API_KEY", "poke-key-of-the-tests", 1);
    ::setenv("OPSROOM_PLUGIN_CONFIG", config.dump().c_str(), 1);
    process_ = std::make_unique<McpProcess>(runner(plugin("notify")), directory_.path());
    process_->open_legacy();
  }
  void start_with_webhook(const WebServer& server) {
    start({{"webhooks", {{"ops", {{"url", server.base() + "/in"}, {"secret", "WEBHOOK_SECRET"}}}}}}
    );
  }
  json webhook(json more = json::object(), const std::string& key = "") {
    more.emplace("to", "ops");
    more.emplace("event", "deploy.done");
    more.emplace("retry_seconds", 0.01);
    json meta = json::object();
    if (!key.empty()) meta["io.opsroom/call"] = {{"idempotencyKey", key}};
    return process_->call("webhook", more, meta);
  }

  TempDir directory_;
  std::unique_ptr<McpProcess> process_;
};

}  // namespace

TEST_F(Notify, AReceiverCanCheckTheSignature) {
  Receiver receiver;
  WebServer server([&](const Seen& seen) { return receiver(seen); });
  start_with_webhook(server);
  const json result = webhook({{"data", {{"version", "1.2 \u00e4"}}}});
  ASSERT_FALSE(result.contains("isError")) << result;
  const json data = result["structuredContent"];
  EXPECT_EQ(data["delivered"], true);
  EXPECT_EQ(data["attempts"], 1);
  EXPECT_EQ(data["status"], 200);
  EXPECT_EQ(data["answer"], "thanks");
  const Seen seen = server.seen().at(0);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(
      json::parse(seen.body),
      json(
          {{"id", data["delivery_id"]},
           {"type", "deploy.done"},
           {"data", {{"version", "1.2 \u00e4"}}}}
      )
  );
  EXPECT_EQ(json(seen.headers.at("webhook-id")), data["delivery_id"]);
  EXPECT_EQ(seen.headers.at("content-type"), "application/json");
}

TEST_F(Notify, AWrongKeyIsNoticed) {
  Receiver receiver;
  WebServer server([&](const Seen& seen) { return receiver(seen); });
  ::setenv("WRONG_KEY", "another key", 1);
  start({{"webhooks", {{"ops", {{"url", server.base()}, {"secret", "WRONG_KEY"}}}}}});
  const json result = webhook();
  EXPECT_EQ(result["isError"], true);
  EXPECT_EQ(text_of(result), "not delivered after 1 try: status 401: wrong signature");
}

TEST_F(Notify, TheSignatureIsThatOfStandardWebhooks) {
  // Key and id of the specification's example; checked by another language's library.
  ::setenv("STANDARD_KEY", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", 1);
  WebServer server([](const Seen&) { return Reply{}; });
  start({{"webhooks", {{"ops", {{"url", server.base()}, {"secret", "STANDARD_KEY"}}}}}});
  webhook({{"delivery_id", "msg_p5jXN8AQM9LWM0D4loKWxJek"}});
  const Seen seen = server.seen().at(0);
  const std::string command =
      "python3 -c 'import base64, hmac, sys; print(base64.b64encode(hmac.new(base64.b64decode("
      "\"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\"), sys.argv[1].encode(), "
      "\"sha256\").digest()).decode(), "
      "end=\"\")' 'msg_p5jXN8AQM9LWM0D4loKWxJek." +
      seen.headers.at("webhook-timestamp") + "." + seen.body + "' > " +
      (directory_.path() / "made").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(seen.headers.at("webhook-signature"), "v1," + contents(directory_.path() / "made"));
}

TEST_F(Notify, EveryTryCarriesTheSameId) {
  std::atomic<int> tries = 0;
  WebServer server([&](const Seen&) {
    const int number = ++tries;
    if (number == 1) return Reply{500, {}, "oops"};
    if (number == 2) return Reply{429, {{"Retry-After", "1"}}, "slow down"};
    return Reply{204, {}, ""};
  });
  start_with_webhook(server);
  const json data = webhook()["structuredContent"];
  EXPECT_EQ(data["delivered"], true);
  EXPECT_EQ(data["attempts"], 3);
  for (const Seen& seen : server.seen()) {
    EXPECT_EQ(json(seen.headers.at("webhook-id")), data["delivery_id"]);
    EXPECT_EQ(seen.body, server.seen().at(0).body);
  }
}

TEST_F(Notify, AStepThatRunsAgainSendsTheSameId) {
  Receiver receiver;
  WebServer server([&](const Seen& seen) { return receiver(seen); });
  start_with_webhook(server);
  const json first = webhook({}, "run-1-step-2")["structuredContent"]["delivery_id"];
  start_with_webhook(server);
  const json again = webhook({}, "run-1-step-2")["structuredContent"];
  EXPECT_EQ(again["delivery_id"], first);
  EXPECT_EQ(again["answer"], "seen before");
  EXPECT_NE(webhook({}, "run-1-step-3")["structuredContent"]["delivery_id"], first);
  EXPECT_NE(
      webhook()["structuredContent"]["delivery_id"], webhook()["structuredContent"]["delivery_id"]
  );
}

TEST_F(Notify, ItGivesUpAfterItsTriesOrARefusal) {
  WebServer busy([](const Seen&) { return Reply{503, {}, "busy"}; });
  start_with_webhook(busy);
  const json result = webhook({{"attempts", 3}});
  EXPECT_EQ(text_of(result), "not delivered after 3 tries: status 503: busy");
  EXPECT_EQ(result["structuredContent"]["delivered"], false);
  EXPECT_EQ(busy.seen().size(), 3U);

  WebServer gone([](const Seen&) { return Reply{410, {}, "gone"}; });
  start_with_webhook(gone);
  EXPECT_EQ(webhook()["structuredContent"]["attempts"], 1);
  const ClosedPort nobody;
  start({{"webhooks", {{"ops", {{"url", "http://127.0.0.1:" + std::to_string(nobody.port())}}}}}});
  const json unreachable = webhook({{"attempts", 2}});
  EXPECT_THAT(text_of(unreachable), HasSubstr("not delivered after 2 tries"));
  EXPECT_EQ(unreachable["structuredContent"]["status"], nullptr);
}

TEST_F(Notify, ARedirectIsNotFollowed) {
  WebServer server([](const Seen&) { return Reply{302, {{"Location", "/elsewhere"}}, ""}; });
  start_with_webhook(server);
  EXPECT_EQ(webhook()["isError"], true);
  EXPECT_EQ(server.seen().size(), 1U);
}

TEST_F(Notify, SlackTakesTextAndBlocks) {
  WebServer server([](const Seen&) { return Reply{200, {}, "ok"}; });
  ::setenv("SLACK_WEBHOOK_URL", (server.base() + "/services/T000/B000/slack-secret").c_str(), 1);
  start(json::object());
  const json blocks = json::array({{{"type", "divider"}}});
  const json result = process_->call("slack", {{"text", "*done*"}, {"blocks", blocks}});
  EXPECT_EQ(result["structuredContent"]["delivered"], true) << result;
  EXPECT_EQ(server.seen().at(0).target, "/services/T000/B000/slack-secret");
  EXPECT_EQ(json::parse(server.seen().at(0).body), json({{"text", "*done*"}, {"blocks", blocks}}));
  EXPECT_THAT(
      text_of(process_->call("slack", {{"text", "x"}, {"blocks", "no"}})),
      HasSubstr("/blocks: must be")
  );
}

TEST_F(Notify, AnAddressThatIsASecretIsNotShown) {
  const ClosedPort nobody;
  ::setenv(
      "SLACK_WEBHOOK_URL",
      ("http://127.0.0.1:" + std::to_string(nobody.port()) + "/services/slack-secret?k=v").c_str(),
      1
  );
  start(json::object());
  const json result = process_->call("slack", {{"text", "x"}, {"attempts", 1}});
  EXPECT_THAT(text_of(result), HasSubstr("[redacted:SLACK_WEBHOOK_URL]"));
  EXPECT_THAT(result.dump(), Not(HasSubstr("slack-secret")));

  WebServer chatty([](const Seen& seen) { return Reply{404, {}, "Cannot POST " + seen.target}; });
  ::setenv("SLACK_WEBHOOK_URL", (chatty.base() + "/services/slack-secret?key=more").c_str(), 1);
  start(json::object());
  const json told = process_->call("slack", {{"text", "x"}});
  EXPECT_THAT(text_of(told), HasSubstr("Cannot POST [redacted:SLACK_WEBHOOK_URL]"));
  EXPECT_THAT(told.dump(), testing::AllOf(Not(HasSubstr("slack-secret")), Not(HasSubstr("more"))));
}

TEST_F(Notify, PokeIsToldWithItsKey) {
  WebServer server([](const Seen&) { return Reply{200, {}, R"({"success": true})"}; });
  start({{"poke", {{"default", {{"url", server.base() + "/api"}}}}}});
  const json result = process_->call("poke", {{"message", "The run needs you"}});
  EXPECT_EQ(result["structuredContent"]["delivered"], true) << result;
  EXPECT_EQ(server.seen().at(0).headers.at("authorization"), "Bearer poke-key-of-the-tests");
  EXPECT_EQ(json::parse(server.seen().at(0).body), json({{"message", "The run needs you"}}));
}

TEST_F(Notify, ARunbookNamesNoAddressUnlessItMay) {
  WebServer server([](const Seen&) { return Reply{}; });
  start(json::object());
  EXPECT_THAT(text_of(webhook({{"url", server.base()}})), HasSubstr("allow_urls"));
  EXPECT_THAT(text_of(webhook()), HasSubstr("no target is called 'ops'; there are: default"));
  start({{"allow_urls", true}});
  EXPECT_THAT(text_of(webhook({{"url", server.base()}})), HasSubstr("is not public"));
  EXPECT_TRUE(server.seen().empty());
  start({{"allow_urls", true}, {"allow_addresses", {"127.0.0.1"}}});
  EXPECT_EQ(webhook({{"url", server.base()}})["structuredContent"]["delivered"], true);
  EXPECT_FALSE(server.seen().at(0).headers.contains("webhook-signature"));
}

TEST_F(Notify, ACancelEndsTheWaitForTheNextTry) {
  WebServer server([](const Seen&) { return Reply{503, {}, ""}; });
  start_with_webhook(server);
  const int id = process_->start(
      "webhook", {{"to", "ops"}, {"event", "x"}, {"retry_seconds", 60}}, {{"progressToken", "p"}}
  );
  while (process_->seen("notifications/progress").empty())
    process_->next();
  process_->cancel(id);
  process_->close_stdin();
  EXPECT_EQ(process_->wait(), 0) << process_->errors();
}

TEST_F(Notify, OnlyTheWebhookIsSaidToBeSafeToRepeat) {
  start(json::object());
  const json tools = process_->legacy("tools/list")["result"]["tools"];
  for (const json& each : tools) {
    EXPECT_EQ(each["annotations"]["idempotentHint"], each["name"] == "webhook");
    EXPECT_EQ(each["annotations"]["readOnlyHint"], false);
  }
}

}  // namespace opsroom::test
