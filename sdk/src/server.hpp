#pragma once
#include "alarm.hpp"
#include "batches.hpp"
#include "calls.hpp"
#include "cancel_fds.hpp"
#include "catalogue.hpp"
#include "crew.hpp"
#include "lookout.hpp"
#include "message.hpp"
#include "questions.hpp"
#include "subscriptions.hpp"
#include "wire.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <opsroom/plugin.h>
#include <opsroom/stdio_server.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::sdk {

/// The plugin's instance between create() and destroy().
class Instance {
 public:
  /// Throws std::runtime_error when the plugin refuses.
  Instance(const opsroom_plugin& plugin, const std::string& config);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;
  void* get() const noexcept { return instance_; }

 private:
  const opsroom_plugin& plugin_;
  void* instance_ = nullptr;
};

/// One plugin, one client: takes the messages in their order, answers the short ones where they
/// are read, and lets Calls see to what enters the plugin.
class Server {
 public:
  Server(const opsroom_plugin& plugin, const ServeOptions& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Until stdin ends or a signal arrives; returns the exit code.
  int run();

 private:
  void announce();
  void use_newest_catalogue();
  bool stop_announcements();
  bool take_next();
  void take_line(std::string line);
  void take_batch(const std::string& line);
  std::shared_ptr<const Message> member_of_batch(
      std::string_view text, std::vector<std::string>& ids, std::string& answers
  );
  void say(std::string_view id, std::string line);
  bool put_aside(std::string& line);
  bool read_more();
  void take(const std::shared_ptr<const Message>& message);
  void take_notification(const Message& message);
  void take_request(const std::shared_ptr<const Message>& message);
  void dispatch(const std::shared_ptr<const Message>& message, Era era);
  std::string answer(const Message& request, Era era);
  std::string initialize(const Message& request);
  std::string cache_hints() const;
  std::string discover() const;
  std::string list(std::string_view name, const Message& request, Era era) const;
  std::string set_level(const Message& request);
  std::string subscribe(const Message& request);
  std::string answer_about_task(const Message& request);
  void update_task(const Message& request);
  std::string finished(std::string members, Era era) const;
  void listen(const Message& request);

  CallRequest call_request(const std::shared_ptr<const Message>& message, Era era) const;
  void aim(CallRequest& call, const Message& message) const;
  void aim_at_tool(CallRequest& call, const Message& message) const;
  void aim_at_prompt(CallRequest& call, const Message& message) const;
  std::string context_of(const CallRequest& call, const Message& message) const;

  const opsroom_plugin& plugin_;
  const ServeOptions options_;
  std::mutex newest_mutex_;
  std::shared_ptr<const Catalogue> newest_;
  std::atomic<bool> is_new_{false};
  std::shared_ptr<const Catalogue> catalogue_;  ///< of the thread that leads
  const std::string server_info_;
  const std::string suffix_;  ///< of a modern result
  const std::string directory_;
  const Instance instance_;
  Outbox outbox_;
  Batches batches_{outbox_};
  Alarm alarm_;
  Questions questions_{outbox_, alarm_};
  Subscriptions subscriptions_{outbox_};
  CancelFds cancel_fds_;
  std::atomic<int> log_from_{1};
  Crew crew_;
  Calls calls_;

  // Of the thread that leads.
  Lookout lookout_;
  LineCutter lines_;
  std::deque<std::shared_ptr<const Message>> waiting_;  ///< of a batch
  bool opened_legacy_ = false;
  std::string legacy_version_;
  json legacy_capabilities_ = json::object();
};

}  // namespace opsroom::sdk
