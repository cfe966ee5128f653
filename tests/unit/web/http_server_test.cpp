#include "web/http_server.hpp"

#include "base/failure.hpp"
#include "support/web/test_site.hpp"
#include "web/listen.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <ctime>
#include <fcntl.h>
#include <optional>
#include <sys/resource.h>
#include <unistd.h>

namespace opsroom::testing {
namespace {

using namespace std::chrono_literals;

class Wire : public ::testing::Test {
 protected:
  std::string host() const { return fmt::format("Host: 127.0.0.1:{}\r\n", site.port()); }
  std::string get(std::string_view target = "/healthz") const {
    return request_text("GET", target, site.port());
  }

  TestSite site;
};

TEST_F(Wire, MalformedRequestsAre400AndTheConnectionEnds) {
  const std::string long_name(20, 'x');
  const std::vector<std::string> corpus{
      "GET / HTTP/1.1 extra\r\n" + host() + "\r\n",
      "GET / HTTP/9.9\r\n" + host() + "\r\n",
      "GET /\r\n\r\n",
      "GET  / HTTP/1.1\r\n" + host() + "\r\n",
      "G(T / HTTP/1.1\r\n" + host() + "\r\n",
      "GET /\x01 HTTP/1.1\r\n" + host() + "\r\n",
      "GET / HTTP/1.1\r\n" + host() + "Bad Name: x\r\n\r\n",
      "GET / HTTP/1.1\r\n" + host() + "NoColon\r\n\r\n",
      "GET / HTTP/1.1\r\n" + host() + "X : y\r\n\r\n",
      "GET / HTTP/1.1\r\n" + host() + std::string("X: a\0b\r\n\r\n", 10),
      "GET / HTTP/1.1\r\n\r\n",
      "GET / HTTP/1.1\r\n" + host() + host() + "\r\n",
      "GET http://127.0.0.1/ HTTP/1.1\r\n" + host() + "\r\n",
      "GET /%zz HTTP/1.1\r\n" + host() + "\r\n",
      "GET /%00 HTTP/1.1\r\n" + host() + "\r\n",
      "OPTIONS * HTTP/1.1\r\n" + host() + "\r\n",
      "POST /run HTTP/1.1\r\n" + host() + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST /run HTTP/1.1\r\n" + host() +
          "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0",
      "POST /run HTTP/1.1\r\n" + host() +
          "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0",
      "POST /run HTTP/1.1\r\n" + host() + "Content-Length: -1\r\n\r\n",
      "POST /run HTTP/1.1\r\n" + host() + "Content-Length: 1x\r\n\r\n",
      "POST /run HTTP/1.1\r\n" + host() + "Content-Length: 99999999999999999999\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  };
  for (const std::string& text : corpus) {
    Client client(site.port());
    client.send(text);
    const Answer answer = client.read_answer();
    EXPECT_EQ(answer.status, 400) << text;
    EXPECT_EQ(answer.json().at("error").at("code"), "invalid") << text;
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << text;
  }
  EXPECT_EQ(site.ask("GET", "/healthz").status, 200);
}

TEST_F(Wire, OddButHarmlessBytesNeverHangIt) {
  for (const std::string& text :
       {std::string("\r\n\r\nGET /healthz HTTP/1.1\r\n") + host() + "\r\n",
        "GET /healthz HTTP/1.1\n" + host() + "\n\n",
        std::string(100, '\0'),
        "GET /healthz HTTP/1.1\r\n" + host() + "X: a\r\n folded\r\n\r\n",
        std::string("\n\n\n\n")}) {
    Client client(site.port());
    client.send(text);
    client.close_writing();
    EXPECT_TRUE(client.closed_within(5s)) << text;
  }
  EXPECT_EQ(site.ask("GET", "/healthz").status, 200);
}

TEST_F(Wire, TooLargeAHeaderIs431) {
  const auto ask = [&](const std::string& header) {
    return site.ask("GET", "/healthz", {header}).status;
  };
  EXPECT_EQ(ask("X: " + std::string(10'000, 'x')), 200);
  EXPECT_EQ(ask("X: " + std::string(20'000, 'x')), 431);
  EXPECT_EQ(site.ask("GET", "/" + std::string(20'000, 'x')).status, 431);
  EXPECT_EQ(site.ask("GET", "/healthz", std::vector<std::string>(70, "X: y")).status, 431);
  Client endless(site.port());
  endless.send("GET /healthz HTTP/1.1\r\nX: " + std::string(200'000, 'x'));
  EXPECT_EQ(endless.read_answer().status, 431);
}

TEST_F(Wire, TooLargeABodyIs413HoweverItIsSent) {
  const std::vector<std::string> headers{site.admin_header(), "Content-Type: application/json"};
  const std::string big(1024 * 1024 + 1, ' ');
  EXPECT_EQ(site.ask("POST", "/run", headers, big).status, 413);
  EXPECT_EQ(site.ask("POST", "/run", headers, big.substr(1)).status, 422) << "exactly the limit";

  Client chunked(site.port());
  chunked.send(fmt::format(
      "POST /run HTTP/1.1\r\n{}{}\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n",
      host(),
      site.admin_header()
  ));
  for (int i = 0; i < 20; ++i)
    chunked.send("10000\r\n" + std::string(0x10000, ' ') + "\r\n");
  EXPECT_EQ(chunked.read_answer().status, 413);
}

TEST_F(Wire, AChunkedBodyIsRead) {
  Client client(site.port());
  client.send(fmt::format(
      "POST /api/sessions HTTP/1.1\r\n{}{}\r\nContent-Type: application/json\r\n"
      "Transfer-Encoding: chunked\r\n\r\n5\r\n{{\"tit\r\n9\r\nle\": \"x\"}}\r\n0\r\n\r\n",
      host(),
      site.admin_header()
  ));
  EXPECT_EQ(client.read_answer().status, 201);
}

TEST_F(Wire, ABodyThatIsAnnouncedIsAskedFor) {
  Client client(site.port());
  client.send(fmt::format(
      "POST /api/sessions HTTP/1.1\r\n{}{}\r\nContent-Type: application/json\r\n"
      "Content-Length: 14\r\nExpect: 100-continue\r\n\r\n",
      host(),
      site.admin_header()
  ));
  const Answer go_on = client.read_stream_head();
  EXPECT_EQ(go_on.status, 100);
  client.send(R"({"title": "x"})");
  EXPECT_EQ(client.read_answer().status, 201);
}

TEST_F(Wire, OneConnectionServesManyRequestsAlsoPipelined) {
  Client client(site.port());
  for (int i = 0; i < 3; ++i) {
    client.send(get());
    EXPECT_EQ(client.read_answer().status, 200);
  }
  client.send(get() + get("/api/me") + get());
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_answer().status, 401);
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(Wire, AConnectionEndsWhenTheClientSaysSo) {
  for (const std::string& text :
       {"GET /healthz HTTP/1.1\r\n" + host() + "Connection: close\r\n\r\n",
        "GET /healthz HTTP/1.0\r\n" + host() + "\r\n"}) {
    Client client(site.port());
    client.send(text);
    EXPECT_EQ(client.read_answer().status, 200);
    EXPECT_TRUE(client.closed_within(5s));
  }
}

web::Options impatient() {
  web::Options options;
  options.limits.header_deadline = 100ms;
  options.limits.idle_deadline = 200ms;
  options.limits.body_deadline = 100ms;
  options.limits.write_deadline = 200ms;
  options.limits.connection_limit = 4;
  return options;
}

TEST(WireDeadlines, SlowAndSilentClientsAreCutOff) {
  TestSite site(impatient());
  Client silent(site.port());
  Client slow(site.port());
  slow.send("GET /healthz HTT");
  Client idle(site.port());
  idle.send(request_text("GET", "/healthz", site.port()));
  EXPECT_EQ(idle.read_answer().status, 200);
  EXPECT_TRUE(silent.closed_within(5s));
  EXPECT_TRUE(slow.closed_within(5s));
  EXPECT_TRUE(idle.closed_within(5s));
}

TEST(WireDeadlines, ABodyThatDoesNotComeEndsTheConnection) {
  TestSite site(impatient());
  Client client(site.port());
  client.send(fmt::format(
      "POST /run HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n{}\r\nContent-Type: application/json\r\n"
      "Content-Length: 10\r\n\r\n{{",
      site.port(),
      site.admin_header()
  ));
  EXPECT_TRUE(client.closed_within(5s));
}

TEST(WireDeadlines, OneConnectionTooManyIsTold) {
  web::Options options;
  options.limits.connection_limit = 2;
  TestSite site(options);
  Client first(site.port());
  Client second(site.port());
  for (Client* client : {&first, &second}) {
    client->send(request_text("GET", "/healthz", site.port()));
    EXPECT_EQ(client->read_answer().status, 200);
  }
  Client third(site.port());
  EXPECT_EQ(third.read_answer().status, 503);
  first.send(request_text("GET", "/healthz", site.port()));
  EXPECT_EQ(first.read_answer().status, 200) << "those who are in stay in";
}

#if defined(__SANITIZE_ADDRESS__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized =
    __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer);
#else
constexpr bool sanitized = false;
#endif

/// No file descriptor above those in use can be opened while it lives, but for `spare`.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t spare) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::close(next);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(next) + spare;
    ::setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

TEST_F(Wire, WithoutDescriptorsItServesWhomItHasAndDoesNotSpin) {
  if (sanitized) GTEST_SKIP() << "the sanitizers need descriptors for their own checks";
  Client old(site.port());
  old.send(get());
  EXPECT_EQ(old.read_answer().status, 200);
  std::optional<Client> late;
  {
    const FewDescriptors few(1);
    late.emplace(site.port());
    late->send(get());
    const std::clock_t start = std::clock();
    EXPECT_FALSE(late->closed_within(300ms)) << "it waits in the backlog";
    EXPECT_LT(std::clock() - start, CLOCKS_PER_SEC / 10);
    old.send(get());
    EXPECT_EQ(old.read_answer().status, 200);
  }
  EXPECT_EQ(late->read_answer().status, 200);
}

TEST(Listening, ATakenPortIsNamedAndTheNextOneFound) {
  asio::io_context context;
  const auto executor = context.get_executor();
  const auto first = web::listen_on(executor, "127.0.0.1", 0, false);
  const auto port = first.local_endpoint().port();
  try {
    web::listen_on(executor, "127.0.0.1", port, false);
    FAIL() << "the port was taken";
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Code::conflict);
    EXPECT_NE(failure.message().find(std::to_string(port)), std::string::npos);
    EXPECT_NE(failure.message().find("127.0.0.1"), std::string::npos);
    EXPECT_NE(failure.hint().find("--port"), std::string::npos);
  }
  const auto next = web::listen_on(executor, "127.0.0.1", port, true);
  EXPECT_GT(next.local_endpoint().port(), port);
  EXPECT_LE(next.local_endpoint().port(), port + 20);
}

TEST(Listening, AnAddressThatIsNotOursIsNamed) {
  asio::io_context context;
  const auto listen = [&](const char* address) {
    try {
      web::listen_on(context.get_executor(), address, 0, false);
    } catch (const Failure& failure) {
      return failure.message();
    }
    return std::string("it listened");
  };
  EXPECT_NE(listen("localhosst").find("'localhosst'"), std::string::npos);
  EXPECT_NE(listen("192.0.2.1").find("192.0.2.1"), std::string::npos);
}

TEST(Listening, ChildrenDoNotInheritTheSocket) {
  asio::io_context context;
  auto acceptor = web::listen_on(context.get_executor(), "127.0.0.1", 0, false);
  EXPECT_NE(::fcntl(acceptor.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(Wire, StoppingEndsIdleConnectionsAtOnce) {
  Client idle(site.port());
  idle.send(get());
  EXPECT_EQ(idle.read_answer().status, 200);
  EXPECT_LT(site.stop_server(), 1900ms);
  EXPECT_TRUE(idle.closed_within(5s));
  EXPECT_THROW(Client(site.port()), std::runtime_error) << "nobody listens";
}

TEST_F(Wire, StoppingLetsARequestFinish) {
  site.on_io([this] { site.ledger.hold = true; });
  Client client(site.port());
  client.send(request_text("GET", "/api/sessions", site.port(), {site.admin_header()}));
  while (site.on_io([this] { return site.ledger.calls; }) == 0)
    std::this_thread::yield();
  std::thread stopping([this] { site.stop_server(); });
  while (true) {  // until it no longer listens
    try {
      Client probe(site.port());
    } catch (const std::runtime_error&) {
      break;
    }
  }
  site.on_io([this] { site.ledger.release(); });
  EXPECT_EQ(client.read_answer().status, 200);
  stopping.join();
}

TEST_F(Wire, StoppingGivesUpARequestThatNeverEnds) {
  site.on_io([this] { site.ledger.hold = true; });
  Client client(site.port());
  client.send(request_text("GET", "/api/sessions", site.port(), {site.admin_header()}));
  while (site.on_io([this] { return site.ledger.calls; }) == 0)
    std::this_thread::yield();
  const auto took = site.stop_server();
  EXPECT_GE(took, 1900ms);
  EXPECT_LT(took, 9000ms);
  EXPECT_TRUE(client.closed_within(5s));
}

}  // namespace
}  // namespace opsroom::testing
