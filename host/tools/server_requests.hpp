#pragma once

#include "base/async.hpp"
#include "base/stop.hpp"
#include "tools/call_sink.hpp"
#include "tools/envelope.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace opsroom::tools {

/// Answers what a legacy server asks for while it works: at once where the host knows the answer,
/// beside the reading of the pipe where a person or a tool has to be asked. Io thread only.
class ServerRequests : public std::enable_shared_from_this<ServerRequests> {
 public:
  using Reply = std::function<void(std::string message)>;

  /// `reply` is called until `close()`. `root`: told to a server that asks for roots.
  ServerRequests(
      asio::any_io_executor executor,
      std::string title,
      std::optional<std::filesystem::path> root,
      Reply reply
  );

  /// `call`: the call in flight that it belongs to; null when there is none, or no telling.
  void take(const Envelope& request, const Json& params, std::shared_ptr<CallSink> call);

  /// The server does not want that answer any more. `raw_id` as it came.
  void withdraw(const std::string& raw_id);

  /// The conversation is over: open questions are withdrawn, and nothing is answered any more.
  void close();

 private:
  struct Question;

  std::shared_ptr<Question> open(const std::string& raw_id);
  void settle(const std::shared_ptr<Question>& question, std::string message);
  void elicit(const Envelope& request, const Json& params, std::shared_ptr<CallSink> call);
  void sample(const Envelope& request, const Json& params, std::shared_ptr<CallSink> call);
  static Task<> run_elicitation(
      std::shared_ptr<ServerRequests> self,
      std::shared_ptr<Question> question,
      std::shared_ptr<CallSink> call,
      Json params
  );
  static Task<> run_sampling(
      std::shared_ptr<ServerRequests> self,
      std::shared_ptr<Question> question,
      std::shared_ptr<CallSink> call,
      Json params
  );
  void send(std::string message);

  asio::any_io_executor executor_;
  std::string title_;
  std::optional<std::filesystem::path> root_;
  Reply reply_;
  std::map<std::string, std::shared_ptr<Question>> open_;
  std::string key_prefix_;
  std::size_t asked_ = 0;
};

}  // namespace opsroom::tools
