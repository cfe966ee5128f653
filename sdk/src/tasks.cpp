#include "tasks.hpp"

#include "calls.hpp"
#include "json_reader.hpp"
#include "sha256.hpp"

#include <cerrno>
#include <ctime>
#include <sys/random.h>
#include <system_error>

namespace opsroom::sdk {
namespace {

constexpr const char* poll_interval = "1000";

std::string random_id() {
  std::string bytes(16, '\0');
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw std::system_error(errno, std::generic_category(), "getrandom");
  return hex(sha256(bytes)).substr(0, 32);
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::string text(32, '\0');
  text.resize(std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts));
  return text;
}

bool is_over(const std::string& status) {
  return status == "completed" || status == "failed" || status == "cancelled";
}

}  // namespace

bool Tasks::expect(const std::shared_ptr<Call>& call) {
  const std::lock_guard lock(mutex_);
  if (tasks_.size() >= most) return false;
  Task task;
  task.id = random_id();
  task.call = call;
  task.created_at = task.updated_at = now_text();
  task.bell = alarm_.set(moment, [this, id = task.id] { become_task(id); });
  call->task = task.id;
  tasks_.emplace(task.id, std::move(task));
  return true;
}

void Tasks::become_task(const std::string& id) {
  std::string line;
  {
    const std::lock_guard lock(mutex_);
    const auto found = tasks_.find(id);
    if (found == tasks_.end()) return;
    Task& task = found->second;
    task.created = true;
    task.bell = alarm_.set(lifetime, [this, id] {
      const std::lock_guard late(mutex_);
      tasks_.erase(id);
    });
    on_created_(task.call);
    line = response(task.call->request.id, "{\"resultType\":\"task\"," + members(task) + suffix_);
  }
  outbox_.send(std::move(line));
}

bool Tasks::settle(const Call& call, const Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  const auto found = tasks_.find(call.task);
  if (found == tasks_.end()) return false;
  Task& task = found->second;
  if (!task.created) {
    alarm_.forget(task.bell);
    tasks_.erase(found);
    return false;
  }
  if (is_over(task.status)) return true;
  if (const auto* body = std::get_if<Body>(&outcome)) {
    set_status(task, "completed");
    task.ending = ",\"result\":" + body->text;
  } else if (const auto* error = std::get_if<RpcError>(&outcome)) {
    set_status(task, "failed");
    task.ending = ",\"error\":" + dumped({{"code", error->code}, {"message", error->message}});
  } else if (const auto* wants = std::get_if<Wants>(&outcome)) {
    set_status(task, "input_required");
    task.requests = wants->requests;
    task.state = wants->state;
    return true;
  } else {
    set_status(task, "cancelled");
  }
  task.call.reset();
  return true;
}

void Tasks::set_status(Task& task, const char* status) {
  task.status = status;
  task.updated_at = now_text();
}

std::string Tasks::members(const Task& task) {
  const auto lifetime_ms = std::chrono::milliseconds(lifetime).count();
  return R"("taskId":")" + task.id + R"(","status":")" + task.status + R"(","createdAt":")" +
         task.created_at + R"(","lastUpdatedAt":")" + task.updated_at + R"(","ttlMs":)" +
         std::to_string(lifetime_ms) + ",\"pollIntervalMs\":" + poll_interval;
}

Tasks::Task& Tasks::known(const std::string& id) {
  const auto found = tasks_.find(id);
  if (found == tasks_.end() || !found->second.created)
    throw RpcError{code::invalid_params, "there is no task " + id};
  return found->second;
}

std::string Tasks::get(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const Task& task = known(id);
  std::string text = "{\"resultType\":\"complete\"," + members(task) + task.ending;
  if (task.status == "input_required") text += ",\"inputRequests\":" + dumped(task.requests);
  return text + suffix_;
}

std::optional<Tasks::Resumed> Tasks::update(const std::string& id, const json& responses) {
  const std::lock_guard lock(mutex_);
  Task& task = known(id);
  if (task.status != "input_required") return std::nullopt;
  for (const auto& [key, response] : responses.items())
    if (task.requests.erase(key) > 0) task.responses[key] = response;
  if (!task.requests.empty()) return std::nullopt;
  set_status(task, "working");
  return Resumed{task.call, std::exchange(task.responses, json::object()), task.state};
}

std::shared_ptr<Call> Tasks::cancel(const std::string& id) {
  const std::lock_guard lock(mutex_);
  Task& task = known(id);
  if (is_over(task.status)) return nullptr;
  set_status(task, "cancelled");
  return std::exchange(task.call, nullptr);
}

}  // namespace opsroom::sdk
