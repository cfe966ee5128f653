#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "tools/alarm.hpp"
#include "tools/answer_wait.hpp"
#include "tools/call_sink.hpp"
#include "tools/envelope.hpp"
#include "tools/exchange.hpp"
#include "tools/in_flight.hpp"
#include "tools/mcp_codec.hpp"
#include "tools/message_channel.hpp"
#include "tools/server_requests.hpp"

#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace opsroom::tools {

struct ClientOptions {
  std::string title;  ///< "server 'files'", for messages
  /// Told to a server that asks for roots; the capability is declared only when set.
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

/// All pages of one of a server's lists.
struct Listing {
  std::vector<Json> entries;  ///< the first of a name, in the server's order
  mcp::CacheHint cache;       ///< of the page that may be kept for the shortest time
};

/// One conversation with one MCP server in either era, over any channel. Owns no process: whoever
/// does runs `run()` beside it and calls `end()` when the server has gone. Io thread only.
class McpClient {
 public:
  /// `channel` outlives the client.
  McpClient(asio::any_io_executor executor, MessageChannel& channel, ClientOptions options);
  ~McpClient();

  /// Reads until the channel ends: answers requests of the server, hands out everything else.
  Task<> run();

  /// The server is gone: everything in flight fails with `reason`, and so does everything later.
  void end(std::string reason, std::string hint = {});
  bool ended() const { return ended_; }
  const std::string& end_reason() const { return end_reason_; }
  /// A log line is with its listener, and reading waits for it.
  bool delivering() const { return delivering_; }
  /// Lines on the server's stdout so far that were no messages.
  std::size_t noise() const { return noise_; }

  /// Finds the era (or believes `known`) and opens the conversation. Throws Failure: `unavailable`
  /// when the server went away, `timeout`, `unsupported` when no version is shared.
  Task<Opening> open(std::optional<Era> known);
  std::optional<Era> era() const { return era_; }
  /// The era in which a server like this one is best opened the next time.
  std::optional<Era> best_era() const { return slow_to_say_modern_ ? Era::modern : era_; }
  const std::string& version() const { return version_; }
  /// Name and version as the server says, and the protocol version: "files 1.2 (2025-11-25)".
  const std::string& identity() const { return *identity_; }
  const std::shared_ptr<const std::string>& shared_identity() const { return identity_; }
  /// What the server declares; an object.
  const Json& capabilities() const { return capabilities_; }
  const std::string& title() const { return options_.title; }
  const std::optional<std::filesystem::path>& root() const { return options_.root; }

  /// Any request but a tools/call, and its result. Input that the server wants first is refused:
  /// Failure{unsupported}. Throws Failure.
  Task<Json> request(std::string method, Json params, Clock::duration deadline);

  /// Longer lists are a mistake, or an attack.
  static constexpr std::size_t most_pages = 1'000;
  static constexpr std::size_t most_entries = 20'000;

  /// All pages of `tools/list`, `resources/list`, `resources/templates/list` or `prompts/list`.
  /// Throws Failure.
  Task<Listing> list(std::string method, Clock::duration deadline);
  Task<std::vector<Json>> list_tools(Clock::duration deadline);
  /// How long the last list_tools may be believed, as the server said (modern era, the shortest of
  /// its pages); none when it said nothing.
  std::optional<Clock::duration> tools_ttl() const { return tools_ttl_; }

  /// Whether the server says anything at all within `patience`: any answer counts, an error too.
  Task<bool> answers(Clock::duration patience);

  /// Some tools of the server may have to be called as tasks (2025-11-25), and which is not known
  /// yet: list_tools() finds out.
  bool must_learn_tasks() const;
  /// That tool cannot be called but as a task.
  bool needs_task(const std::string& tool) const { return task_tools_.contains(tool); }

  /// Sends a tools/call. `context` and `arguments`, which are its arguments as text, are read at
  /// once; its progress token is set here.
  std::shared_ptr<Exchange> start_call(
      mcp::CallContext context,
      std::string_view arguments,
      std::shared_ptr<CallSink> sink,
      Clock::time_point now
  );
  /// Sends another request of the same call (tasks/get …).
  std::shared_ptr<Exchange> start_request(
      std::string method, Json params, std::shared_ptr<CallSink> sink
  );
  /// Stands for a call between two of its requests: what the server sends meanwhile finds it.
  /// Nothing is sent, and no answer will come.
  std::shared_ptr<Exchange> hold_open(std::shared_ptr<CallSink> sink);
  /// To wait for what becomes of it; `exchange` and `stop` outlive that.
  AnswerWait wait_for(Exchange& exchange, CallLimits limits, Stop& stop) const {
    return AnswerWait(exchange, limits, stop, delivering_);
  }
  Task<Wake> wait(std::shared_ptr<Exchange> exchange, CallLimits limits, Stop& stop);
  /// Takes the request back when no byte of it has left, else tells the server to cancel it.
  void cancel(const std::shared_ptr<Exchange>& exchange, std::string_view reason);
  /// Tells the server to end a task. Nobody waits for what it says to that.
  void cancel_task(const std::string& task);
  /// From now on answers and progress for it are late, and ignored.
  void forget(const std::shared_ptr<Exchange>& exchange);
  /// Takes that back: progress for it goes on.
  void keep(const std::shared_ptr<Exchange>& exchange) { exchanges_.add(exchange); }

  /// Messages of that task are the call's (2025-11-25), until it is let go of.
  void adopt_task(const std::string& task, std::shared_ptr<CallSink> sink);
  void drop_task(const std::string& task) { tasks_.erase(task); }

  /// What came of a tools/call, exactly as far as it is known now. Where the answer is not the end
  /// of the call, `pending` is set and only `delivery` counts. Reads an answer once, and uses it
  /// up: what is large in it moves to `result`, which is a new one.
  void read_result(Exchange& exchange, ToolResult& result, Pending& pending);
  ToolResult result(Exchange& exchange);
  /// The same for a task's final result.
  ToolResult task_result(Json payload);
  /// The result of another request of a call. Throws Failure.
  Json answer_of(const Exchange& exchange);
  /// The JSON-RPC error it was answered with; none: with something else.
  std::optional<mcp::RpcError> error_of(const Exchange& exchange);

 private:
  struct LogLine {
    std::shared_ptr<CallSink> sink;
    std::string stream;
    std::string text;
  };

  // Requests
  std::shared_ptr<Exchange> send(std::string method, const Json& params);
  std::shared_ptr<Exchange> register_exchange(std::string_view method, Clock::time_point now);
  void post(const std::shared_ptr<Exchange>& exchange, std::string text);
  Task<std::shared_ptr<Exchange>> ask(std::string method, Json params, Clock::time_point deadline);
  [[noreturn]] void fail_unanswered(const Exchange& exchange) const;
  void check_result_type(const Json& result, const std::string& method);
  void note_missing_type();
  mcp::ClientProfile profile() const;
  void learn_tasks(const std::vector<Json>& tools);

  // What came of a call (mcp_outcome.cpp)
  void read_error(const Json& payload, ToolResult& into, Pending& pending) const;
  void read_answer(Json payload, ToolResult& into, Pending& pending);

  // Opening (mcp_opening.cpp)
  Task<Opening> find_era(std::optional<Era> known);
  Task<std::optional<Opening>> probe(Clock::time_point deadline);
  std::optional<Opening> verdict(const Exchange& probe);
  bool speaks_modern(const Exchange& probe);
  std::optional<Opening> verdict_of_versions(const std::vector<std::string>& versions);
  Task<Opening> initialize(Clock::time_point deadline, bool probed);
  void accept_initialize(const Json& result);
  void become(Era era, std::string version, const Json& result);
  void listen();

  // Reading (mcp_reading.cpp)
  void take_all(Incoming first);
  void take(Incoming incoming);
  void dispatch(Envelope&& envelope);
  void take_answer(Envelope&& envelope);
  void take_request(const Envelope& request);
  void take_notification(const Envelope& notification);
  void take_progress(const Json& params);
  void take_log(const Json& params);
  void take_change(const Json& params);
  void take_cancelled(const Json& params);
  bool take_listening_end(const Envelope& envelope);
  void listen_again();
  void take_oversize(const Incoming& incoming);
  void note_noise(const Envelope& envelope);
  void reply(std::string message);
  Task<> deliver(LogLine line);
  std::shared_ptr<CallSink> only_call() const;
  std::shared_ptr<CallSink> call_of_task(const Json& params) const;
  std::shared_ptr<CallSink> call_named_in(const Json& params) const;

  asio::any_io_executor executor_;
  Alarm alarm_;  ///< those of all exchanges are like it
  MessageChannel& channel_;
  ClientOptions options_;
  EnvelopeReader reader_;
  std::shared_ptr<ServerRequests> requests_;
  InFlight exchanges_;
  std::map<std::string, std::shared_ptr<CallSink>, std::less<>> tasks_;
  std::shared_ptr<Exchange> late_probe_;
  std::deque<LogLine> lines_;
  std::int64_t last_id_ = 0;
  std::optional<Era> era_;
  std::string version_;
  std::shared_ptr<const std::string> identity_ = std::make_shared<const std::string>();
  Json capabilities_ = Json::object();
  std::string modern_meta_;  ///< what every modern request carries, as text
  std::set<std::string, std::less<>> task_tools_;
  bool tools_known_ = false;
  std::optional<Clock::duration> tools_ttl_;
  std::int64_t listening_ = 0;  ///< id of the subscriptions/listen; 0: none
  Clock::time_point listening_since_;
  int short_listenings_ = 0;
  std::size_t noise_ = 0;
  bool slow_to_say_modern_ = false;
  bool missing_type_noted_ = false;
  bool delivering_ = false;
  Clock::time_point heard_;  ///< when what is being taken in came
  bool oversize_blamed_ = false;
  bool ended_ = false;
  std::string end_reason_;
  std::string end_hint_;
};

}  // namespace opsroom::tools
