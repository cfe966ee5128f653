#pragma once
#include "alarm.hpp"
#include "invocation.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace opsroom::sdk {

struct Call;

/// Calls that outlive their request (the extension io.modelcontextprotocol/tasks): a call of a tool
/// that allows it and is not over in a moment is answered with a task, which the client asks after.
/// Tasks live as long as this process. Any thread.
class Tasks {
 public:
  /// A call that takes longer becomes a task.
  static constexpr std::chrono::milliseconds moment{200};
  static constexpr std::chrono::hours lifetime{24};
  static constexpr std::size_t most = 256;

  /// `on_created` is called with the lock held, when a call has become a task and before its
  /// client hears of it. `suffix` ends every result (see Calls).
  Tasks(Outbox& outbox, Alarm& alarm, std::string suffix)
      : outbox_(outbox), alarm_(alarm), suffix_(std::move(suffix)) {}

  void on_created(std::function<void(const std::shared_ptr<Call>&)> then) {
    on_created_ = std::move(then);
  }

  /// From now on `call` becomes a task unless it is settled first. False: there are too many.
  bool expect(const std::shared_ptr<Call>& call);

  /// Takes the end or the questions of a call that has become a task; false when it has not, and
  /// now never will: then the request is answered as usual.
  bool settle(const Call& call, const Outcome& outcome);

  // The requests of the extension. Throw RpcError.
  std::string get(const std::string& id);
  struct Resumed {
    std::shared_ptr<Call> call;
    json responses;
    std::string state;
  };
  /// Takes answers; with the last one the call is to be entered again.
  std::optional<Resumed> update(const std::string& id, const json& responses);
  /// The call to cancel, unless the task is over.
  std::shared_ptr<Call> cancel(const std::string& id);

 private:
  struct Task {
    std::string id;
    std::shared_ptr<Call> call;
    bool created = false;
    Alarm::Key bell;
    std::string status = "working";
    std::string created_at;
    std::string updated_at;
    std::string ending;  ///< the member that says how it ended, with its comma
    json requests = json::object();
    json responses = json::object();
    std::string state;
  };

  void become_task(const std::string& id);
  Task& known(const std::string& id);
  static std::string members(const Task& task);
  static void set_status(Task& task, const char* status);

  Outbox& outbox_;
  Alarm& alarm_;
  const std::string suffix_;
  std::function<void(const std::shared_ptr<Call>&)> on_created_;
  std::mutex mutex_;
  std::map<std::string, Task> tasks_;
};

}  // namespace opsroom::sdk
