#include "support/web/test_site.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace opsroom::testing {
namespace {

using namespace std::chrono_literals;

web::Options quick() {
  web::Options options;
  options.stream_timing.poll = 20ms;
  return options;
}

/// What a reader has seen: for every run its lines in order, or a complaint.
struct Reader {
  std::map<std::int64_t, std::int64_t> last_seq;
  std::map<std::int64_t, std::vector<std::string>> lines;
  std::string cursor;
  std::string complaint;

  void take(const Message& message) {
    if (message.event != "event") return;
    const Json event = Json::parse(message.data);
    const std::int64_t run = event.at("run_id");
    const std::int64_t seq = event.at("seq");
    if (seq != last_seq[run] + 1) {
      complaint += fmt::format("run {}: {} after {}; ", run, seq, last_seq[run]);
    }
    last_seq[run] = event.at("last_seq");
    for (const auto& line : event.at("lines"))
      lines[run].push_back(line);
    cursor = message.id;
  }

  /// Reads until the run's number `seq` was seen.
  void read_until(Client& client, std::int64_t run, std::int64_t seq) {
    while (last_seq[run] < seq) {
      const auto message = client.next_message();
      if (!message) throw std::runtime_error(fmt::format("the stream ended at {}", last_seq[run]));
      take(*message);
    }
  }
};

class Stream : public ::testing::Test {
 protected:
  explicit Stream(web::Options options = {}) : site(std::move(options)) {
    site.on_io([this] {
      session = site.ledger.add_session("first");
      run = site.ledger.add_run(session, "A");
      site.ledger.add_event(run, "run.started");
    });
  }

  void add_lines(RunId to, std::vector<std::string> lines) {
    site.on_io([&] {
      site.ledger.add_event(to, "log", lines);
      site.wakeups.tell(to);
    });
  }

  void finish(RunId which) {
    site.on_io([&] {
      site.ledger.add_event(which, "run.finished");
      site.ledger.run_rows[which].status = RunStatus::succeeded;
      site.wakeups.tell(which);
    });
  }

  TestSite site;
  SessionId session;
  RunId run;
};

TEST_F(Stream, OfARunSendsWhatWasAndWhatComesThenEnds) {
  add_lines(run, {"one", "two"});
  const auto client = site.stream("/api/stream?run=1");
  EXPECT_EQ(client->next_message()->id, "1");
  const auto chunk = client->next_message();
  EXPECT_EQ(chunk->id, "3") << "a chunk's id is its last number";
  EXPECT_EQ(chunk->event, "event");
  EXPECT_EQ(Json::parse(chunk->data).at("lines"), (Json{"one", "two"}));
  add_lines(run, {"three"});
  EXPECT_EQ(client->next_message()->id, "4");
  finish(run);
  EXPECT_EQ(client->next_message()->id, "5");
  const auto end = client->next_message();
  EXPECT_EQ(end->event, "end");
  EXPECT_EQ(end->id, "");
  EXPECT_EQ(Json::parse(end->data).at("status"), "succeeded");
  EXPECT_FALSE(client->next_message().has_value());
  EXPECT_TRUE(client->ended_properly());
}

TEST_F(Stream, OfAnEndedRunEndsAtOnce) {
  finish(run);
  const auto client = site.stream("/api/stream?run=1", "2");
  EXPECT_EQ(client->next_message()->event, "end");
}

TEST_F(Stream, ResumesInsideAChunk) {
  add_lines(run, {"one", "two", "three"});
  const auto client = site.stream("/api/stream?run=1", "2");
  const auto rest = client->next_message();
  const Json event = Json::parse(rest->data);
  EXPECT_EQ(event.at("lines"), (Json{"two", "three"}));
  EXPECT_EQ(event.at("seq"), 3);
  EXPECT_EQ(rest->id, "4");
}

TEST_F(Stream, TheHeaderBeatsTheParameterOfTheFirstRequest) {
  add_lines(run, {"one", "two", "three"});
  const auto client = site.stream("/api/stream?run=1&after=1", "3");
  EXPECT_EQ(Json::parse(client->next_message()->data).at("lines"), (Json{"three"}));
  const auto other = site.stream("/api/stream?run=1&after=2");
  EXPECT_EQ(Json::parse(other->next_message()->data).at("lines"), (Json{"two", "three"}));
}

TEST_F(Stream, OfASessionFollowsAllRunsAlsoNewOnes) {
  const auto client = site.stream("/api/stream?session=1");
  Reader reader;
  reader.read_until(*client, 1, 1);
  const auto second = site.on_io([this] {
    const RunId made = site.ledger.add_run(session, "B", RunStatus::queued);
    site.ledger.add_event(made, "run.queued");
    site.wakeups.tell(made);
    return made;
  });
  reader.read_until(*client, second.value, 1);
  add_lines(run, {"a"});
  reader.read_until(*client, 1, 2);
  add_lines(second, {"b", "c"});
  reader.read_until(*client, second.value, 3);
  EXPECT_EQ(reader.complaint, "");
  EXPECT_EQ(reader.cursor, "f0;1:2;2:3");
  // Another session's run is not shown.
  site.on_io([this] {
    const auto other = site.ledger.add_session("other");
    const RunId foreign = site.ledger.add_run(other, "A");
    site.ledger.add_event(foreign, "run.started");
    site.wakeups.tell(foreign);
  });
  finish(run);
  reader.read_until(*client, 1, 3);
  EXPECT_EQ(reader.last_seq.count(3), 0u);
}

TEST_F(Stream, OfASessionResumesEachRunWhereItWas) {
  const auto second = site.on_io([this] { return site.ledger.add_run(session, "B"); });
  add_lines(run, {"a", "b", "c"});
  add_lines(second, {"x", "y"});
  const auto client = site.stream("/api/stream?session=1", "f0;1:3");
  Reader reader;
  reader.last_seq[1] = 3;
  reader.read_until(*client, 1, 4);
  reader.read_until(*client, 2, 2);
  EXPECT_EQ(reader.complaint, "");
  EXPECT_EQ(reader.lines[1], (std::vector<std::string>{"c"}));
  EXPECT_EQ(reader.lines[2], (std::vector<std::string>{"x", "y"}));
}

TEST_F(Stream, BadCursorsAndQuestionsAreRefused) {
  const auto status = [&](const std::string& target, const std::string& cursor = {}) {
    std::vector<std::string> headers{site.admin_header()};
    if (!cursor.empty()) headers.push_back("Last-Event-ID: " + cursor);
    return site.ask("GET", target, headers).status;
  };
  for (const char* cursor : {"x", "-1", "1.5", "01", "1 2", "f0", "99999999999999999999"}) {
    EXPECT_EQ(status("/api/stream?run=1", cursor), 422) << cursor;
  }
  for (const char* cursor : {"x", "5", "f", "f0;1", "f0;1:0", "f0;2:1;1:1", "f0;1:1;"}) {
    EXPECT_EQ(status("/api/stream?session=1", cursor), 422) << cursor;
  }
  EXPECT_EQ(status("/api/stream?run=1", "2"), 422) << "the run has only one event";
  EXPECT_EQ(status("/api/stream?session=1", "f0;1:2"), 422);
  EXPECT_EQ(status("/api/stream"), 422);
  EXPECT_EQ(status("/api/stream?run=1&session=1"), 422);
  EXPECT_EQ(status("/api/stream?run=x"), 422);
}

struct QuickStream : Stream {
  QuickStream() : Stream(quick()) {}
};

TEST_F(QuickStream, ALostNotificationCostsOnlyAPoll) {
  const auto client = site.stream("/api/stream?session=1");
  Reader reader;
  reader.read_until(*client, 1, 1);
  site.on_io([this] { site.ledger.add_event(run, "log", {"silent"}); });
  reader.read_until(*client, 1, 2);
  const auto single = site.stream("/api/stream?run=1", "2");
  site.on_io([this] {
    site.ledger.add_event(run, "run.finished");
    site.ledger.run_rows[run].status = RunStatus::failed;
  });
  EXPECT_EQ(single->next_message()->id, "3");
  EXPECT_EQ(single->next_message()->event, "end");
}

TEST_F(QuickStream, ADatabaseThatIsAwayKeepsTheConnectionAndLosesNothing) {
  const auto one = site.stream("/api/stream?run=1");
  const auto all = site.stream("/api/stream?session=1");
  Reader first;
  Reader second;
  first.read_until(*one, 1, 1);
  second.read_until(*all, 1, 1);
  site.on_io([this] { site.ledger.down = true; });
  const int before = site.on_io([this] { return site.ledger.calls; });
  while (site.on_io([this] { return site.ledger.calls; }) < before + 4)
    std::this_thread::yield();
  site.on_io([this] {
    site.ledger.down = false;
    site.ledger.add_event(run, "log", {"after the outage"});
  });
  first.read_until(*one, 1, 2);
  second.read_until(*all, 1, 2);
  EXPECT_EQ(first.complaint + second.complaint, "");
  ASSERT_FALSE(one->comments().empty());
  EXPECT_NE(one->comments().front().find("database"), std::string::npos);
  EXPECT_FALSE(all->comments().empty());
}

TEST(StreamTiming, SilenceIsBrokenByPingsWithoutAnId) {
  web::Options options;
  options.stream_timing.poll = 10ms;
  options.stream_timing.ping = 30ms;
  TestSite site(options);
  site.on_io([&] { site.ledger.add_run(site.ledger.add_session("s"), "A"); });
  const auto client = site.stream("/api/stream?run=1");
  // The next event comes only after pings did.
  const int before = site.on_io([&] { return site.ledger.calls; });
  while (site.on_io([&] { return site.ledger.calls; }) < before + 15)
    std::this_thread::yield();
  site.on_io([&] { site.ledger.add_event(RunId{1}, "run.started"); });
  EXPECT_EQ(client->next_message()->id, "1");
  ASSERT_FALSE(client->comments().empty());
  EXPECT_EQ(client->comments().front(), "ping");
}

TEST(StreamTiming, ARevokedCredentialStopsReading) {
  web::Options options;
  options.stream_timing.poll = 10ms;
  options.stream_timing.recheck = 20ms;
  TestSite site(options);
  site.on_io([&] { site.ledger.add_run(site.ledger.add_session("s"), "A"); });
  const auto run = site.stream("/api/stream?run=1");
  const auto session = site.stream("/api/stream?session=1");
  site.on_io([&] { site.credentials.rows.clear(); });
  EXPECT_FALSE(run->next_message().has_value());
  EXPECT_FALSE(session->next_message().has_value());
}

TEST_F(Stream, StoppingTheServerEndsItAtOnce) {
  const auto one = site.stream("/api/stream?run=1");
  const auto all = site.stream("/api/stream?session=1");
  EXPECT_EQ(one->next_message()->id, "1");
  EXPECT_LT(site.stop_server(), 1900ms);
  EXPECT_FALSE(one->next_message().has_value());
  EXPECT_FALSE(one->ended_properly()) << "cut, so that the reader comes again";
}

TEST_F(Stream, AReaderThatHasGoneIsForgotten) {
  {
    const auto client = site.stream("/api/stream?run=1");
  }
  const auto connections = [this] { return site.connections(); };
  while (connections() > 0)
    std::this_thread::yield();
}

TEST(SlowReader, IsCutOffAndResumesWhereItWas) {
  web::Options options;
  options.limits.write_deadline = 200ms;
  TestSite site(options);
  constexpr int rows = 3000;
  const std::string filler(4000, 'x');
  site.on_io([&] {
    const RunId run = site.ledger.add_run(site.ledger.add_session("s"), "A");
    for (int i = 0; i < rows; ++i)
      site.ledger.add_event(run, "log", {filler});
  });
  Client lazy(site.port(), 4096);
  lazy.send(request_text("GET", "/api/stream?run=1", site.port(), {site.admin_header()}));
  while (site.on_io([&] { return site.ledger.calls; }) < 3)
    std::this_thread::yield();
  while (site.connections() > 0)
    std::this_thread::yield();
  EXPECT_LT(site.on_io([&] { return site.ledger.calls; }), 12) << "it did not read ahead";

  Reader reader;
  EXPECT_EQ(lazy.read_stream_head().status, 200);
  while (const auto message = lazy.next_message())
    reader.take(*message);
  EXPECT_LT(reader.last_seq[1], rows);
  while (reader.last_seq[1] < rows) {  // a busy machine may make us too slow once more
    const auto client = site.stream("/api/stream?run=1", reader.cursor);
    while (reader.last_seq[1] < rows) {
      const auto message = client->next_message();
      if (!message) break;
      reader.take(*message);
    }
  }
  EXPECT_EQ(reader.complaint, "");
}

/// Lines arrive all the time, the server is restarted several times in the middle, the reader
/// resumes with its last id: every line once, in order.
void read_through_restarts(TestSite& site, const std::string& target, int runs) {
  constexpr int lines_each = 20'000;
  const auto session = site.on_io([&] { return site.ledger.add_session("s"); });
  for (int i = 0; i < runs; ++i) {
    site.on_io([&] { site.ledger.add_run(session, std::string(1, static_cast<char>('A' + i))); });
  }
  std::thread writer([&] {
    int size = 1;
    for (int line = 0; line < lines_each; line += size) {
      size = std::min(size % 97 + 1, lines_each - line);
      site.on_io([&] {
        for (int run = 1; run <= runs; ++run) {
          std::vector<std::string> chunk;
          for (int i = 0; i < size; ++i)
            chunk.push_back(fmt::format("{}:{}", run, line + i));
          site.ledger.add_event(RunId{run}, "log", std::move(chunk));
          site.wakeups.tell(RunId{run});
        }
      });
    }
  });
  Reader reader;
  auto client = site.stream(target);
  for (const int stop_at : {1000, 7000, 13'000}) {
    reader.read_until(*client, 1, stop_at);
    site.stop_server();
    while (const auto message = client->next_message())
      reader.take(*message);
    site.start_server();
    client = site.stream(target, reader.cursor);
  }
  for (int run = 1; run <= runs; ++run)
    reader.read_until(*client, run, lines_each);
  writer.join();
  EXPECT_EQ(reader.complaint, "");
  for (int run = 1; run <= runs; ++run) {
    ASSERT_EQ(reader.lines[run].size(), static_cast<std::size_t>(lines_each));
    for (int i = 0; i < lines_each; ++i) {
      ASSERT_EQ(reader.lines[run][static_cast<std::size_t>(i)], fmt::format("{}:{}", run, i));
    }
  }
}

TEST(RestartedServer, AReaderOfARunSeesTwentyThousandLinesOnce) {
  TestSite site(quick());
  read_through_restarts(site, "/api/stream?run=1", 1);
}

TEST(RestartedServer, AReaderOfASessionSeesEveryLineOfFourLanesOnce) {
  TestSite site(quick());
  read_through_restarts(site, "/api/stream?session=1", 4);
}

}  // namespace
}  // namespace opsroom::testing
