#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "tools/alarm.hpp"
#include "tools/call_sink.hpp"
#include "tools/envelope.hpp"
#include "tools/mcp_codec.hpp"
#include "tools/message_channel.hpp"

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::tools {

struct ClientOptions {
  std::string title;  ///< "server 'files'", for messages
  /// Told to a legacy server that asks for roots; the capability is declared only when set.
  std::optional<std::filesystem::path> root;
  bool sampling = false;           ///< a sampling tool is configured: the capability is declared
  std::string log_level = "info";  ///< what log messages of the server must at least be
  /// The server says that its tools, prompts or resources have changed. Null: nobody listens.
  std::function<void()> on_tools_changed;
  Clock::duration probe_timeout = std::chrono::seconds(3);
  Clock::duration opening_timeout = std::chrono::seconds(30);
};

/// How an opening ended. `gone`: the server went away on the probe; a fresh one may do better when
/// it is opened as legacy.
enum class Opening { modern, legacy, gone };

struct CallLimits {
  Clock::duration idle;      ///< without answer or progress
  Clock::time_point latest;  ///< whatever the progress
};

/// One request on its way, and what is known of its fate.
struct Exchange {
  explicit Exchange(asio::any_io_executor executor) : alarm(std::move(executor)) {}

  bool answered() const { return answer.has_value() || too_large; }

  std::int64_t id = 0;
  std::string method;
  std::shared_ptr<Outgoing> sent;
  std::optional<Envelope> answer;
  bool too_large = false;
  bool peer_gone = false;
  std::shared_ptr<CallSink> sink;  ///< of a tools/call
  Clock::time_point last_sign;     ///< sent, or the last progress
  std::optional<double> progress;
  Alarm alarm;
};

/// One conversation with one MCP server in either era, over any channel. Owns no process: whoever
/// does runs `run()` beside it and calls `end()` when the server has gone. Io thread only.
class McpClient {
 public:
  enum class Wake { answered, peer_gone, stopped, idle, too_long };

  /// `channel` outlives the client.
  McpClient(asio::any_io_executor executor, MessageChannel& channel, ClientOptions options);

  /// Reads until the channel ends: answers requests of the server, hands out everything else.
  Task<> run();

  /// The server is gone: everything in flight fails with `reason`, and so does everything later.
  void end(std::string reason, std::string hint = {});
  bool ended() const { return ended_; }
  /// A log line is with its listener, and reading waits for it.
  bool delivering() const { return delivering_; }

  /// Finds the era (or believes `known`) and opens the conversation. Throws Failure: `unavailable`
  /// when the server went away, `timeout`, `unsupported` when no version is shared.
  Task<Opening> open(std::optional<Era> known);
  std::optional<Era> era() const { return era_; }
  const std::string& version() const { return version_; }

  /// All pages of tools/list. Throws Failure.
  Task<std::vector<Json>> list_tools(Clock::duration deadline);
  /// How long the last list_tools may be believed, as the server said (modern era, the shortest of
  /// its pages); none when it said nothing.
  std::optional<Clock::duration> tools_ttl() const { return tools_ttl_; }

  /// Whether the server says anything at all within `patience`: any answer counts, an error too.
  Task<bool> answers(Clock::duration patience);

  /// Sends a tools/call. `context` is read at once; its progress token is set here.
  std::shared_ptr<Exchange> start_call(mcp::CallContext context, std::shared_ptr<CallSink> sink);
  /// Waits for an answer, the server's end, a stop or a limit.
  Task<Wake> wait(std::shared_ptr<Exchange> exchange, CallLimits limits, Stop& stop);
  /// Takes the request back when no byte of it has left, else tells the server to cancel it.
  void cancel(const std::shared_ptr<Exchange>& exchange, std::string_view reason);
  /// From now on answers and progress for it are late, and ignored.
  void forget(const std::shared_ptr<Exchange>& exchange);
  /// What came of it, exactly as far as it is known now.
  ToolResult result(const Exchange& exchange);

 private:
  struct LogLine {
    std::shared_ptr<Exchange> call;
    std::string stream;
    std::string text;
  };

  // Requests
  std::shared_ptr<Exchange> send(std::string method, Json params);
  Task<std::shared_ptr<Exchange>> ask(std::string method, Json params, Clock::time_point deadline);
  Json answer_of(const Exchange& exchange, std::string_view method);
  [[noreturn]] void fail_unanswered(const Exchange& exchange) const;

  // Opening (mcp_opening.cpp)
  Task<std::optional<Opening>> probe(Clock::time_point deadline);
  std::optional<Opening> verdict(const Exchange& probe);
  std::optional<Opening> verdict_of_versions(const std::vector<std::string>& versions);
  Task<Opening> initialize(Clock::time_point deadline, bool probed);
  void accept_initialize(const Json& result);

  // Reading (mcp_reading.cpp)
  void take(Incoming incoming);
  void dispatch(Envelope envelope);
  void take_answer(Envelope envelope);
  void take_request(const Envelope& request);
  void take_notification(const Envelope& notification);
  void take_progress(const Json& params);
  void take_log(const Json& params);
  void take_oversize(const Incoming& incoming);
  void note_noise(const Envelope& envelope);
  void reply(std::string message);
  Task<> deliver(LogLine line);
  std::shared_ptr<Exchange> only_call() const;

  asio::any_io_executor executor_;
  MessageChannel& channel_;
  ClientOptions options_;
  EnvelopeReader reader_;
  std::map<std::int64_t, std::shared_ptr<Exchange>> exchanges_;
  std::shared_ptr<Exchange> late_probe_;
  std::deque<LogLine> lines_;
  std::int64_t last_id_ = 0;
  std::optional<Era> era_;
  std::string version_;
  std::optional<Clock::duration> tools_ttl_;
  std::size_t noise_ = 0;
  bool delivering_ = false;
  bool oversize_blamed_ = false;
  bool ended_ = false;
  std::string end_reason_;
  std::string end_hint_;
};

/// Whether `stop` asks a call to end now. A drain is asked for here only when its grace has passed.
inline bool must_end(const Stop& stop) {
  return stop.requested();
}

}  // namespace opsroom::tools
