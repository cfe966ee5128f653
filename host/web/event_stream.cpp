#include "web/event_stream.hpp"

#include "base/failure.hpp"
#include "model/to_json.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <set>

namespace opsroom::web {
namespace {

constexpr int page_rows = 500;
constexpr std::size_t flush_bytes = 64 * 1024;
constexpr std::size_t most_foreign = 10'000;
constexpr auto longest_backoff = std::chrono::seconds(5);

bool may_pass(const Failure& failure) {
  return failure.retryable() || failure.code() == Code::unavailable ||
         failure.code() == Code::timeout;
}

/// The half that both kinds of stream share: framing, pings, and patience with the database.
class Stream {
 public:
  Stream(StreamSource source, StreamWriter& out, std::function<bool(RunId)> wants)
      : source_(std::move(source)), out_(out), news_(source_.hub->subscribe(std::move(wants))) {
    out_.on_close([weak = std::weak_ptr<Subscriber>(news_)] {
      if (const auto alive = weak.lock()) alive->wake();
    });
  }

  Ledger& ledger() { return source_.ledger; }
  bool open() const { return out_.open(); }

  void add(const std::string& id, const Event& event) {
    if (!id.empty()) fmt::format_to(std::back_inserter(pending_), "id: {}\n", id);
    fmt::format_to(
        std::back_inserter(pending_), "event: event\ndata: {}\n\n", dump(to_json(event))
    );
  }

  bool full() const { return pending_.size() >= flush_bytes; }

  /// False when the reader has gone.
  Task<bool> flush() {
    if (pending_.empty()) co_return open();
    last_written_ = Clock::now();
    co_return co_await out_.write(std::exchange(pending_, {}));
  }

  Task<bool> say(std::string text) {
    pending_ += text;
    co_return co_await flush();
  }

  /// Waits for news or the next look; keeps the connection and the credential honest meanwhile.
  Task<std::set<RunId>> wait() {
    if (Clock::now() - last_written_ >= source_.timing.ping) co_await say(": ping\n\n");
    co_return co_await news_->wait(source_.timing.poll);
  }

  /// False when the credential behind this stream has ended.
  Task<bool> allowed() {
    if (Clock::now() - last_checked_ < source_.timing.recheck) co_return true;
    const bool good = co_await source_.still_allowed();
    last_checked_ = Clock::now();
    co_return good;
  }

  /// Runs one `round` of reading. A database that is away costs a comment and a pause; false then.
  Task<bool> survive(Task<> round) {
    try {
      co_await std::move(round);
      backoff_ = source_.timing.poll;
      co_return true;
    } catch (const Failure& failure) {
      if (!may_pass(failure)) throw;
      spdlog::debug("a stream waits for the database: {}", failure.what());
    }
    // What was read but not sent is sent now, so that nothing is read twice.
    co_await say(": the database cannot be reached, trying again\n\n");
    const auto pause = backoff_;
    backoff_ = std::min<Clock::duration>(backoff_ * 2, longest_backoff);
    co_await news_->wait(pause);
    co_return false;
  }

 private:
  StreamSource source_;
  StreamWriter& out_;
  std::shared_ptr<Subscriber> news_;
  std::string pending_;
  Clock::time_point last_written_ = Clock::now();
  Clock::time_point last_checked_ = Clock::now();
  Clock::duration backoff_ = source_.timing.poll;
};

/// Follows one run: its cursor is the number of the last event sent.
struct RunFollower {
  RunFollower(StreamSource source, StreamWriter& out, RunId id, std::int64_t after)
      : run(id),
        position(after),
        stream(std::move(source), out, [id](RunId told) { return told == id; }) {}

  /// Reads and sends what there is, and ends when the run has ended. The status is read first:
  /// whatever an ended run has was written before its end was.
  Task<> round() {
    if (!co_await stream.allowed()) {
      ended = true;
      co_return;
    }
    const Run now = co_await stream.ledger().run(run);
    co_await read();
    if (!is_terminal(now.status) || !stream.open()) co_return;
    const Json data = {{"status", to_string(now.status)}};
    co_await stream.say(fmt::format("event: end\ndata: {}\n\n", dump(data)));
    ended = true;
  }

  Task<> read() {
    saw_end = false;
    bool more = true;
    while (more && stream.open()) {
      const auto page = co_await stream.ledger().events(run, position, page_rows);
      more = page.size() == page_rows;
      for (const Event& event : page) {
        if (event.last_seq() <= position) continue;
        const Event rest = tail_after(event, position);
        stream.add(std::to_string(rest.last_seq()), rest);
        position = rest.last_seq();
        saw_end = saw_end || rest.kind == "run.finished";
        if (stream.full() && !co_await stream.flush()) co_return;
      }
      co_await stream.flush();
    }
  }

  RunId run;
  std::int64_t position;
  bool ended = false;
  bool saw_end = false;  ///< the status is worth a look
  Stream stream;
};

/// Follows all runs of a session. Its cursor is the SessionCursor as of each event.
struct SessionFollower {
  SessionFollower(StreamSource source, StreamWriter& out, SessionId id, SessionCursor from)
      : session(id), cursor(std::move(from)), stream(std::move(source), out, [this](RunId told) {
          return ours(told) || (cursor.unknown(told) && foreign.count(told) == 0);
        }) {}

  Task<> round() {
    if (!co_await stream.allowed()) {
      ended = true;
      co_return;
    }
    auto heads = co_await stream.ledger().heads(session);
    last_round = Clock::now();
    std::sort(heads.begin(), heads.end(), [](const auto& a, const auto& b) {
      return a.first.id < b.first.id;
    });
    for (const auto& [run, last_seq] : heads)
      cursor.know(run.id);
    for (const auto& [run, last_seq] : heads) {
      if (cursor.below_floor(run.id)) continue;
      if (last_seq > cursor.position(run.id)) co_await read(run.id);
      if (!stream.open()) co_return;
      if (is_terminal(run.status) && cursor.position(run.id) >= last_seq) cursor.complete(run.id);
    }
  }

  /// Reads on in the runs that have news, without asking for all heads.
  Task<> read_news(std::set<RunId> runs) {
    for (const RunId run : runs)
      co_await read(run);
  }

  Task<> read(RunId run) {
    bool more = true;
    while (more && stream.open()) {
      const auto page = co_await stream.ledger().events(run, cursor.position(run), page_rows);
      more = page.size() == page_rows;
      for (const Event& event : page) {
        const auto position = cursor.position(run);
        if (event.last_seq() <= position) continue;
        const Event rest = tail_after(event, position);
        cursor.advance(run, rest.last_seq());
        stream.add(cursor.text(), rest);
        if (stream.full() && !co_await stream.flush()) co_return;
      }
      co_await stream.flush();
    }
  }

  bool ours(RunId run) const { return cursor.listed().count(run) > 0; }

  /// Reading just the runs of `news` is enough, and the last look at all is not long ago.
  bool may_be_quick(const std::set<RunId>& news, Clock::duration poll) const {
    const bool known =
        std::all_of(news.begin(), news.end(), [this](RunId run) { return ours(run); });
    return known && !news.empty() && Clock::now() - last_round < poll;
  }

  /// After a look at all runs whatever is still unknown belongs to another session: its news must
  /// not make us look again and again.
  void remember_foreign(const std::set<RunId>& news) {
    if (foreign.size() > most_foreign) foreign.clear();
    for (const RunId run : news) {
      if (cursor.unknown(run)) foreign.insert(run);
    }
  }

  SessionId session;
  SessionCursor cursor;
  std::set<RunId> foreign;
  Clock::time_point last_round;
  bool ended = false;
  Stream stream;
};

}  // namespace

Task<> stream_run(StreamSource source, RunId run, std::int64_t after, StreamWriter& out) {
  RunFollower follower(std::move(source), out, run, after);
  bool look_at_all = true;
  while (follower.stream.open() && !follower.ended) {
    auto round = look_at_all ? follower.round() : follower.read();
    const bool read = co_await follower.stream.survive(std::move(round));
    if (!read || follower.ended || (follower.saw_end && !look_at_all)) {
      look_at_all = true;
      continue;
    }
    const auto news = co_await follower.stream.wait();
    look_at_all = news.empty();
  }
}

Task<> stream_session(
    StreamSource source, SessionId session, SessionCursor from, StreamWriter& out
) {
  const auto poll = source.timing.poll;
  SessionFollower follower(std::move(source), out, session, std::move(from));
  std::set<RunId> news;
  while (follower.stream.open() && !follower.ended) {
    const bool quick = follower.may_be_quick(news, poll);
    auto round = quick ? follower.read_news(news) : follower.round();
    const bool read = co_await follower.stream.survive(std::move(round));
    if (read && !quick) follower.remember_foreign(news);
    news.clear();
    if (read && !follower.ended) news = co_await follower.stream.wait();
  }
}

}  // namespace opsroom::web
