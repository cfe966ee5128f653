#include "calls.hpp"

#include "json_reader.hpp"

#include <exception>
#include <utility>

namespace opsroom::sdk {
namespace {

opsroom_text lend(std::string_view text) {
  return {text.data(), text.size()};
}

bool wants_a_task(const CallRequest& request) {
  if (request.tasks == TaskSupport::forbidden || request.era != Era::modern) return false;
  const json extensions = request.capabilities.value("extensions", json::object());
  return extensions.is_object() && extensions.contains(tasks_extension);
}

void check_tasks(const CallRequest& request) {
  if (request.tasks != TaskSupport::required || request.era != Era::modern) return;
  if (!wants_a_task(request))
    throw RpcError{
        code::missing_capability,
        request.tool + " runs as a task only; the client does not declare the tasks extension",
        {{"requiredCapabilities", {{"extensions", {{tasks_extension, json::object()}}}}}}
    };
}

}  // namespace

Calls::Calls(
    Ground ground, std::function<void()> hand_over, std::function<bool(std::string&)> put_aside
)
    : ground_(std::move(ground)),
      hand_over_(std::move(hand_over)),
      put_aside_(std::move(put_aside)),
      seal_(StateSeal::with_key(ground_.state_key)),
      tasks_(ground_.around.outbox, ground_.alarm, ground_.suffix) {
  // From now on the task is what is asked after; its request has been answered.
  tasks_.on_created([this](const CallPtr& call) {
    const std::lock_guard lock(mutex_);
    by_id_.erase(key_of(call->request.id));
    adopted_.insert(call);
    if (call->entry) call->entry->mute();
  });
}

void Calls::start(CallRequest request) {
  check_tasks(request);
  const auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->context = call->request.context;
  {
    const std::lock_guard lock(mutex_);
    if (by_id_.size() + adopted_.size() >= most_calls)
      throw RpcError{code::internal_error, "busy: 1024 calls are under way; try again later"};
    if (!by_id_.emplace(key_of(call->request.id), call).second)
      throw RpcError{code::invalid_request, "a call with this id is still under way"};
  }
  if (wants_a_task(call->request)) tasks_.expect(call);
  enter(call);
}

/// Runs the call, and those that have come to wait for their turn meanwhile; or lets it wait.
void Calls::enter(const CallPtr& call) {
  {
    const std::lock_guard lock(mutex_);
    call->entered = true;
    ++entered_;
    const bool concurrent = (ground_.plugin.flags & OPSROOM_CONCURRENT) != 0;
    if (running_ == (concurrent ? most_running : 1)) {
      line_.push_back(call);
      return;
    }
    ++running_;
  }
  hand_over_();
  for (CallPtr next = call; next; next = next_in_line())
    run(next);
}

Calls::CallPtr Calls::next_in_line() {
  const std::lock_guard lock(mutex_);
  if (line_.empty()) {
    --running_;
    return nullptr;
  }
  CallPtr next = std::move(line_.front());
  line_.pop_front();
  return next;
}

void Calls::run(const CallPtr& call) {
  const auto entry = opened(call);
  Outcome outcome = entry ? invoke(call, *entry) : Outcome{Silence{}};
  {
    const std::lock_guard lock(mutex_);
    call->entry.reset();
    call->entered = false;
    if (entry) ended_.push_back({call, entry});
    if (ended_.size() > ended_kept) ended_.pop_front();
  }
  settle(call, std::move(outcome));
  const std::lock_guard lock(mutex_);
  --entered_;
  // Notified under the lock: the server may be gone as soon as it is released.
  if (entered_ == 0) idle_.notify_all();
}

/// The entry for the call's turn; none when it was cancelled before.
std::shared_ptr<Invocation> Calls::opened(const CallPtr& call) {
  const std::lock_guard lock(mutex_);
  if (call->cancelled) return nullptr;
  call->entry =
      std::make_shared<Invocation>(call->request, std::move(call->context), ground_.around);
  if (adopted_.contains(call)) call->entry->mute();
  return call->entry;
}

Outcome Calls::invoke(const CallPtr& call, Invocation& entry) try {
  const CallRequest& request = call->request;
  if (retired_)
    return error_body(
        std::string(ground_.plugin.name) + " broke in an earlier call: start it again"
    );
  const opsroom_status status = ground_.plugin.invoke(
      ground_.instance, lend(request.tool), lend(request.said()), &entry.lent()
  );
  if (status == OPSROOM_BROKEN) retired_ = true;
  return entry.conclude(status);
} catch (const std::exception& error) {
  return entry.conclude_escaped(error.what());
} catch (...) {
  return entry.conclude_escaped("not a std::exception");
}

void Calls::settle(const CallPtr& call, Outcome outcome) {
  if (!call->task.empty() && tasks_.settle(*call, outcome)) {
    if (!std::holds_alternative<Wants>(outcome)) forget(call);
    return;
  }
  if (auto* wants = std::get_if<Wants>(&outcome))
    ask(call, std::move(*wants));
  else
    answer(call, outcome);
}

void Calls::ask(const CallPtr& call, Wants wants) {
  const CallRequest& request = call->request;
  json missing;
  try {
    missing = missing_capabilities(wants.requests, request.capabilities);
  } catch (const std::exception& error) {
    return answer(call, error_body("plugin misbehaving: " + request.tool + ": " + error.what()));
  }
  if (request.era == Era::legacy && missing.empty()) return ask_legacy(call, wants);
  std::string what;
  for (const auto& [capability, how] : missing.items())
    what += (what.empty() ? "" : ", ") + capability;
  const std::string lack = request.tool + " needs an answer; the client does not declare " + what;
  if (!missing.empty() && request.era == Era::legacy)
    return answer(call, error_body(lack + ": call it from one that does"));
  if (!missing.empty())
    return answer(
        call, RpcError{code::missing_capability, lack, {{"requiredCapabilities", missing}}}
    );
  json result{{"inputRequests", std::move(wants.requests)}};
  if (!wants.state.empty())
    result["requestState"] =
        seal_.seal(wants.state, request.bound(ground_.plugin.name), StateSeal::Clock::now());
  std::string text = dumped(result);
  text.pop_back();
  text += ",\"resultType\":\"input_required\"" + ground_.suffix;
  say_last(call, response(request.id, text));
}

/// The questions become requests of ours, and the answers enter the tool again.
void Calls::ask_legacy(const CallPtr& call, const Wants& wants) {
  const auto done = [this, call, state = wants.state](Questions::Outcome outcome) {
    if (const auto* why = std::get_if<std::string>(&outcome))
      return answer(call, error_body(call->request.tool + " got no answer: " + *why));
    resume(call, std::get<json>(outcome), state);
  };
  {
    const std::lock_guard lock(mutex_);
    call->asking = !call->cancelled;
    if (call->cancelled) return;
  }
  const auto ticket = ground_.around.questions.ask(wants.requests, call->request.patience(), done);
  std::unique_lock lock(mutex_);
  // The answer may have been here already.
  if (call->asking && !call->cancelled) call->waits = ticket;
  if (!call->cancelled) return;
  lock.unlock();
  ground_.around.questions.withdraw(ticket, "the call was cancelled");
}

void Calls::resume(const CallPtr& call, const json& responses, const std::string& state) {
  {
    const std::lock_guard lock(mutex_);
    if (call->cancelled) return;
    call->asking = false;
    call->waits.reset();
    call->context = call->request.context_with(responses, state);
  }
  enter(call);
}

void Calls::answer(const CallPtr& call, const Outcome& outcome) {
  const CallRequest& request = call->request;
  std::string line;
  if (const auto* error = std::get_if<RpcError>(&outcome)) {
    line = response(request.id, *error);
  } else if (const auto* body = std::get_if<Body>(&outcome)) {
    line = request.era == Era::legacy ? response(request.id, body->text)
                                      : response(request.id, stamped(*body, ground_.suffix));
  }
  say_last(call, std::move(line));
}

void Calls::say_last(const CallPtr& call, std::string line) {
  // Before the client hears of it: it may use the id again at once.
  const std::string id = key_of(call->request.id);
  if (!forget(call)) line.clear();
  if (ground_.around.batches.take(id, line) || line.empty()) return;
  // What an effectful call has done must be told before the next one can bring the process down.
  if (call->request.read_only && put_aside_(line)) return;
  ground_.around.outbox.send(std::move(line));
}

void Calls::cancel(const std::string& id) {
  CallPtr call;
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_id_.find(id);
    if (found == by_id_.end()) return;
    call = found->second;
  }
  stop(call);
}

void Calls::stop(const CallPtr& call) {
  std::shared_ptr<Invocation> entry;
  std::optional<Questions::Ticket> waits;
  {
    const std::lock_guard lock(mutex_);
    call->cancelled = true;
    entry = call->entry;
    waits = std::exchange(call->waits, std::nullopt);
  }
  if (entry) entry->cancel();
  if (waits) ground_.around.questions.withdraw(*waits, "the call was cancelled");
  {
    const std::lock_guard lock(mutex_);
    // Nobody else will: it is neither running nor waiting for its turn.
    if (call->entered) return;
    by_id_.erase(key_of(call->request.id));
    adopted_.erase(call);
  }
  std::string nothing;
  ground_.around.batches.take(key_of(call->request.id), nothing);
}

bool Calls::is_under_way(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return by_id_.contains(id);
}

void Calls::resume(const Tasks::Resumed& resumed) {
  resume(resumed.call, resumed.responses, resumed.state);
}

void Calls::cancel_task(const std::string& id) {
  if (const CallPtr call = tasks_.cancel(id)) stop(call);
}

std::string Calls::opened_state(std::string_view sealed, const CallRequest& request) const {
  const auto text = string_of(sealed);
  const auto state =
      text ? seal_.open(*text, request.bound(ground_.plugin.name), StateSeal::Clock::now())
           : std::nullopt;
  if (state) return *state;
  throw RpcError{
      code::invalid_params,
      "params.requestState was not handed out here for this tool and these arguments, or is too "
      "old; call again without it"
  };
}

/// Whether an answer is still wanted.
bool Calls::forget(const CallPtr& call) {
  const std::lock_guard lock(mutex_);
  const auto found = by_id_.find(key_of(call->request.id));
  if (found != by_id_.end() && found->second == call) by_id_.erase(found);
  adopted_.erase(call);
  // What was asked may be big, and nothing of it is needed any more.
  call->request.message.reset();
  return !call->cancelled;
}

bool Calls::wind_down(std::chrono::milliseconds grace) {
  std::set<CallPtr> all;
  {
    const std::lock_guard lock(mutex_);
    all = adopted_;
    for (const auto& [id, call] : by_id_)
      all.insert(call);
  }
  for (const CallPtr& call : all)
    stop(call);
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, grace, [this] { return entered_ == 0; });
}

}  // namespace opsroom::sdk
