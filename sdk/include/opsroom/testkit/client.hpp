#pragma once
#include <nlohmann/json.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <sys/types.h>
#include <vector>

namespace opsroom::testkit {

class PipeChild;

/// A small MCP client over pipes: starts a server, speaks 2026-07-28 to it or what it knows since
/// 2024-11-05, one request at a time. Every wait has a deadline, and its process never outlives it.
class Client {
 public:
  using json = nlohmann::json;
  using Clock = std::chrono::steady_clock;
  /// Told each notification while a response is awaited; true cancels the request.
  using OnNotification = std::function<bool(const json&)>;

  /// Starts the program; its stderr is ours. Throws std::runtime_error.
  Client(const std::vector<std::string>& command, const std::map<std::string, std::string>& env);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Finds out what the server speaks. Throws std::runtime_error when it can't be talked to.
  void open(std::chrono::milliseconds patience);
  bool modern() const noexcept { return modern_; }
  /// Name and version as the server says.
  std::string identity() const;
  /// What it declares.
  const json& capabilities() const noexcept { return capabilities_; }

  /// What a request came to.
  struct Reply {
    enum class Kind { result, error, timed_out, cancelled, gone };
    Kind kind = Kind::gone;
    json body = nullptr;  ///< the result, or the error with `code` and `message`
  };
  /// `call_meta` goes into params._meta["io.opsroom/call"] unless null. A request that times out or
  /// is cancelled is taken back by notifications/cancelled, and its late answer is ignored.
  Reply request(
      const std::string& method,
      json params,
      std::chrono::milliseconds patience,
      const OnNotification& heard = nullptr,
      const json& call_meta = nullptr
  );
  /// A request that is taken back at once, before the server can have answered it.
  void request_and_cancel(const std::string& method, json params);
  /// All pages of a list; throws std::runtime_error.
  json list(const std::string& method, const char* key, std::chrono::milliseconds patience);

  /// Lines on its stdout that were no messages, and the first of them.
  std::size_t noise() const noexcept { return noise_; }
  const std::string& first_noise() const noexcept { return first_noise_; }

  pid_t pid() const noexcept;
  /// Closes its stdin and waits for its end, or kills it: "it exited with 0" is a good end.
  std::string end(std::chrono::milliseconds patience);
  static constexpr const char* good_end = "it exited with 0";

 private:
  int send(const std::string& method, json params, const json& call_meta);
  void cancel(int id);
  json receive(Clock::time_point until);

  std::unique_ptr<PipeChild> child_;
  bool modern_ = true;
  json info_ = json::object();
  json capabilities_ = json::object();
  int last_id_ = 0;
  std::size_t noise_ = 0;
  std::string first_noise_;
};

}  // namespace opsroom::testkit
