#pragma once

#include "tools/gathering.hpp"
#include "tools/halving.hpp"
#include "tools/message_channel.hpp"
#include "tools/ndjson.hpp"
#include "tools/pipe_inlet.hpp"
#include "tools/vigil.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <deque>
#include <functional>
#include <memory>

namespace opsroom::tools {

/// Newline-delimited JSON over the two pipes of a child. Writing goes on beside reading, so that a
/// server that does not read while it writes cannot lock both sides.
class StdioChannel : public MessageChannel {
 public:
  struct Pipes {
    asio::posix::stream_descriptor& in;  ///< the child's stdin; outlives the channel
    asio::posix::stream_descriptor out;  ///< the child's stdout
  };

  static constexpr std::size_t default_limit = 64u << 20;

  /// `limit` is the longest message taken, in bytes.
  explicit StdioChannel(Pipes pipes, std::size_t limit = default_limit);
  ~StdioChannel() override;

  using MessageChannel::post;
  void post(std::shared_ptr<Outgoing> message) override;
  bool withdraw(const Outgoing& message) override;
  std::string blank() override;
  std::size_t queued() const override;
  Task<std::optional<Incoming>> next() override;
  std::optional<Incoming> ready() override { return splitter_.next(); }
  void take_back(std::string text) override { splitter_.take_back(std::move(text)); }
  void await_answers(std::size_t count) override { awaited_ = count; }
  void hold() override;
  void release() override;

  /// Told once, soon after, when the peer was found not to take messages any more.
  void on_broken(std::function<void()> tell);

  /// Bytes lie in the pipe that were not read yet.
  bool pending_input() { return !ended_ && inlet_.pending(); }

  /// Reads no more: whoever waits for a message is told of the end.
  void close_input() { inlet_.close(); }

  /// Returns when the queue is empty or lost, or `deadline` has passed.
  Task<> flush(Clock::duration deadline);

 private:
  struct Writer;
  void send();
  static Task<> write_rest(std::shared_ptr<Writer> writer);
  bool answers_in_bursts() const;
  bool watch();
  bool read_at_once();
  void take(std::size_t count);

  PipeInlet inlet_;
  std::shared_ptr<Writer> writer_;
  std::shared_ptr<Vigil> vigil_;
  NdjsonSplitter splitter_;
  std::unique_ptr<char[]> chunk_;
  Gathering gathering_;
  Halving halving_;
  std::size_t taken_ = 0;  ///< messages that the last read brought
  std::size_t awaited_ = 0;
  int straight_ = 0;  ///< reads in a row without a wait
  bool ended_ = false;
};

}  // namespace opsroom::tools
