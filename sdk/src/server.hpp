#pragma once
#include "invocation.hpp"
#include "protocol.hpp"
#include "state_seal.hpp"
#include "wire.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <opsroom/plugin.h>
#include <opsroom/stdio_server.hpp>
#include <string>

namespace opsroom::sdk {

/// Calls of a plugin that is not OPSROOM_CONCURRENT wait here, in the order they came.
class Turnstile {
 public:
  explicit Turnstile(bool open) : open_(open) {}
  /// The ticket of the next call; it counts once take_ticket() says so. Reader thread only.
  std::uint64_t next_ticket() const noexcept { return next_ticket_; }
  void take_ticket() noexcept { ++next_ticket_; }
  void enter(std::uint64_t ticket);
  void leave();

 private:
  const bool open_;
  std::uint64_t next_ticket_ = 0;
  std::mutex mutex_;
  std::condition_variable moved_;
  std::uint64_t serving_ = 0;
};

/// One plugin, one client: reads requests on the thread that calls run(), answers the short ones
/// there, and gives every tools/call a thread of its own.
class Server {
 public:
  Server(const opsroom_plugin& plugin, const ServeOptions& options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Until stdin ends or a signal arrives; returns the exit code.
  int run();

 private:
  void read_manifest();
  int listen();
  void take(const std::string& line);
  void take_notification(const json& message);
  void take_request(const json& message);
  json answer(const Request& request, Era era);
  json initialize(const Request& request);
  json discover() const;
  json list_tools(const Request& request, Era era) const;
  json set_level(const Request& request);
  void start_call(const Request& request, Era era);
  CallRequest call_request(const Request& request, Era era) const;
  void run_call(const std::shared_ptr<Invocation>& call, std::uint64_t ticket);
  Answer invoke(Invocation& call);
  std::string opened_state(const json& params, const std::string& bound) const;
  void deliver(const CallRequest& request, Answer answer);
  json stamped(json result, Era era) const;
  json server_info() const;
  void forget(const std::shared_ptr<Invocation>& call);
  bool wind_down();

  const opsroom_plugin& plugin_;
  const ServeOptions options_;
  void* instance_ = nullptr;
  json tools_;
  bool opened_legacy_ = false;
  std::atomic<int> log_from_{1};
  std::atomic<bool> retired_{false};
  const StateSeal seal_ = StateSeal::from_environment();
  Outbox outbox_;
  Turnstile turnstile_;

  std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, std::shared_ptr<Invocation>> calls_;
  /// Ended calls are kept a while: a plugin that still uses one is told apart, not obeyed.
  std::deque<std::shared_ptr<Invocation>> ended_;
};

}  // namespace opsroom::sdk
