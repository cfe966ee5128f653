#include "integration/store/fixture.hpp"

#include <fmt/format.h>

namespace opsroom::test {
namespace {

using testing::ElementsAre;

class Events : public StoreTest {};

TEST_F(Events, AChunkTakesAsManyNumbersAsItHasLines) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  loop.wait(journal.append(
      held, {log(run.id, 3, {"one", "", "three"}), event(run.id, 6, "note", Json{{"text", "x"}})}
  ));
  const auto told = events(run.id);
  ASSERT_EQ(told.size(), 4u);
  EXPECT_THAT(told[2].lines, ElementsAre("one", "", "three"));
  EXPECT_EQ(told[2].step, "build");
  EXPECT_EQ(told[2].data.at("stream"), "stdout");
  EXPECT_EQ(told[2].last_seq(), 5);
  EXPECT_EQ(told[3].data.at("text"), "x");
  EXPECT_THAT(told[3].at, testing::MatchesRegex("20..-..-..T..:..:..\\....Z"));
}

TEST_F(Events, AReaderMayResumeInsideAChunk) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  loop.wait(journal.append(held, {log(run.id, 3, {"a", "b", "c", "d"})}));
  for (std::int64_t after = 2; after < 6; ++after) {
    const auto rest = events(run.id, after);
    ASSERT_EQ(rest.size(), 1u) << after;
    EXPECT_EQ(rest[0].seq, 3);
    EXPECT_EQ(tail_after(rest[0], after).seq, after + 1);
  }
  EXPECT_TRUE(events(run.id, 6).empty());
}

TEST_F(Events, LinesMayBeEmptyOrOddAndComeBackAsTheyWere) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  const std::vector<std::string> lines{
      "", "tab\there", "\xC3\xA4\xF0\x9F\x98\x80", "'quote' \\ \"double\"", ""
  };
  loop.wait(journal.append(held, {log(run.id, 3, {""}), log(run.id, 4, lines)}));
  const auto told = events(run.id, 2);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_THAT(told[0].lines, ElementsAre(""));
  EXPECT_EQ(told[1].lines, lines);
}

TEST_F(Events, BadBytesAndBreaksInsideALineCostNoNumber) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  loop.wait(journal.append(held, {log(run.id, 3, {std::string("a\0b", 3), "c\xff", "d\ne"})}));
  EXPECT_THAT(
      events(run.id, 2).at(0).lines,
      ElementsAre(
          "a\xEF\xBF\xBD"
          "b",
          "c\xEF\xBF\xBD",
          "d e"
      )
  );
}

TEST_F(Events, TwentyThousandLinesArriveOnceAndInOrder) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  std::int64_t seq = 3;
  int line = 0;
  while (line < 20'000) {
    std::vector<std::string> lines;
    for (int i = 0; i < 500; ++i)
      lines.push_back(fmt::format("line {}", line++));
    const std::int64_t count = static_cast<std::int64_t>(lines.size());
    loop.wait(journal.append(held, {log(run.id, seq, std::move(lines))}));
    seq += count;
  }
  // Read in odd portions, resuming inside of chunks.
  std::int64_t after = 2;
  int next = 0;
  while (true) {
    auto told = loop.wait(ledger.events(run.id, after, 7));
    if (told.empty()) break;
    for (Event& chunk : told) {
      const Event rest = tail_after(std::move(chunk), after);
      ASSERT_EQ(rest.seq, after + 1);
      std::size_t taken = 0;
      for (const std::string& text : rest.lines) {
        ASSERT_EQ(text, fmt::format("line {}", next));
        ++next;
        if (++taken == 333) break;
      }
      after += static_cast<std::int64_t>(taken);
      if (taken == 333) break;
    }
  }
  EXPECT_EQ(next, 20'000);
  EXPECT_EQ(db.psql("select count(*) from ops.run_events where kind = 'log'"), "40");
}

TEST_F(Events, ANumberThatWouldLeaveAGapIsRefused) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  EXPECT_EQ(
      failure_of([&] { loop.wait(journal.append(held, {event(run.id, 5, "note")})); }).code(),
      Code::internal
  );
  EXPECT_EQ(
      failure_of([&] {
        loop.wait(journal.append(held, {log(run.id, 3, {"a", "b"}), event(run.id, 6, "note")}));
      }).code(),
      Code::internal
  );
  EXPECT_EQ(events(run.id).size(), 2u);
}

TEST_F(Events, AReaderNeverStepsOverAMissingNumber) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  loop.wait(journal.append(
      held, {event(run.id, 3, "note"), event(run.id, 4, "note"), event(run.id, 5, "note")}
  ));
  db.psql("delete from ops.run_events where seq = 4");
  EXPECT_EQ(events(run.id).size(), 3u);
  EXPECT_TRUE(events(run.id, 3).empty());
}

TEST_F(Events, ARunThatDoesNotExistHasNone) {
  EXPECT_EQ(failure_of([&] { events(RunId{5}); }).message(), "run 5 does not exist");
}

TEST_F(Events, HeadsTellHowFarEveryRunOfASessionIs) {
  const Run first = enqueue("A");
  const Run second = enqueue("B");
  const Claim held = claim_one().claim;
  loop.wait(journal.append(held, {log(first.id, 3, {"a", "b", "c"})}));
  const auto heads = loop.wait(ledger.heads(session.id));
  ASSERT_EQ(heads.size(), 2u);
  EXPECT_EQ(heads[0].first.id, first.id);
  EXPECT_EQ(heads[0].second, 5);
  EXPECT_EQ(heads[1].first.id, second.id);
  EXPECT_EQ(heads[1].second, 1);
}

class Artifacts : public StoreTest {
 protected:
  Artifact put(const Claim& held, std::string kind, std::string name, std::string content) {
    ArtifactDraft draft{
        "s1", std::move(kind), std::move(name), "text/plain", std::move(content), Json{{"a", 1}}
    };
    return loop.wait(journal.put_artifact(held, std::move(draft)));
  }
};

TEST_F(Artifacts, ContentComesBackByteByByte) {
  const Run run = enqueue();
  const Claim held = claim_one().claim;
  std::string bytes;
  for (int i = 0; i < 256; ++i)
    bytes += static_cast<char>(i);
  const Artifact stored = put(held, "file", "all bytes", bytes);
  EXPECT_EQ(stored.size, 256);
  EXPECT_EQ(stored.sha256, "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880");
  EXPECT_EQ(stored.meta.at("a"), 1);
  EXPECT_EQ(loop.wait(ledger.artifact_content(stored.id)), bytes);
  EXPECT_EQ(loop.wait(ledger.artifacts(run.id)).size(), 1u);
  EXPECT_EQ(loop.wait(ledger.artifact_content(put(held, "file", "empty", "").id)), "");
  EXPECT_EQ(
      failure_of([&] { loop.wait(ledger.artifact(ArtifactId{99})); }).code(), Code::not_found
  );
}

TEST_F(Artifacts, ADiffKeepsItsIdAndItsOldContentGoes) {
  const Run run = enqueue("C");
  const Claim held = claim_one().claim;
  const Artifact first = put(held, "diff", "lane", "v1");
  put(held, "file", "same content", "v1");
  EXPECT_EQ(put(held, "diff", "lane", "v2").id, first.id);
  EXPECT_EQ(db.psql("select count(*) from ops.blobs"), "2") << "v1 is still the file's";
  EXPECT_EQ(put(held, "diff", "lane", "v3").id, first.id);
  EXPECT_EQ(db.psql("select count(*) from ops.blobs"), "2") << "v2 was nobody else's";
  const auto latest = loop.wait(ledger.latest_diff(session.id, "C"));
  ASSERT_TRUE(latest.has_value());
  EXPECT_EQ(latest->id, first.id);
  EXPECT_EQ(loop.wait(ledger.artifact_content(latest->id)), "v3");
  EXPECT_FALSE(loop.wait(ledger.latest_diff(session.id, "A")).has_value());
}

class Books : public StoreTest {};

TEST_F(Books, SessionsAreFoundByIdSlugOrTitle) {
  const Session other =
      loop.wait(ledger.create_session(NewSession{"Test session", "why", "/repo", "main"}));
  EXPECT_EQ(other.slug, "test-session-2");
  EXPECT_EQ(other.base, "main");
  EXPECT_EQ(loop.wait(ledger.find_session(std::to_string(session.id.value)))->id, session.id);
  EXPECT_EQ(loop.wait(ledger.find_session("test-session"))->id, session.id);
  EXPECT_EQ(loop.wait(ledger.find_session("Test session"))->id, other.id)
      << "the newest of that title";
  EXPECT_FALSE(loop.wait(ledger.find_session("nothing")).has_value());
  EXPECT_EQ(loop.wait(ledger.sessions(10)).front().id, other.id);
  EXPECT_EQ(
      failure_of([&] { loop.wait(ledger.session(SessionId{9})); }).message(),
      "session 9 does not exist"
  );
}

TEST_F(Books, RunsAreFilteredNewestFirst) {
  const Run a = enqueue("A");
  const Run b = enqueue("B");
  const Run c = enqueue("A");
  const auto ids = [&](RunFilter filter) {
    std::vector<std::int64_t> found;
    for (const Run& run : loop.wait(ledger.runs(filter)))
      found.push_back(run.id.value);
    return found;
  };
  RunFilter filter;
  EXPECT_THAT(ids(filter), ElementsAre(c.id.value, b.id.value, a.id.value));
  filter.session = session.id;
  filter.lane = "A";
  EXPECT_THAT(ids(filter), ElementsAre(c.id.value, a.id.value));
  filter.status = RunStatus::queued;
  EXPECT_THAT(ids(filter), ElementsAre(a.id.value));
  filter = RunFilter{};
  filter.before = c.id;
  filter.limit = 1;
  EXPECT_THAT(ids(filter), ElementsAre(b.id.value));
}

}  // namespace
}  // namespace opsroom::test
