#include "server.hpp"

#include "json_reader.hpp"
#include "signals.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <unistd.h>

namespace opsroom::sdk {
namespace {

opsroom_text lend(std::string_view text) {
  return {text.data(), text.size()};
}

std::string info_of(const opsroom_plugin& plugin) {
  return dumped({{"name", plugin.name}, {"version", plugin.version}});
}

std::string text_param(const Message& request, const char* name) {
  const json value = request.parsed_params().value(name, json());
  if (value.is_string()) return value.get<std::string>();
  throw RpcError{code::invalid_params, std::string("params.") + name + " must be a string"};
}

void check_tasks_declared(const Message& request) {
  const json can = json::parse(request.client_capabilities).value("extensions", json::object());
  if (can.is_object() && can.contains(tasks_extension)) return;
  throw RpcError{
      code::missing_capability,
      "the client does not declare the tasks extension",
      {{"requiredCapabilities", {{"extensions", {{tasks_extension, json::object()}}}}}}
  };
}

}  // namespace

Instance::Instance(const opsroom_plugin& plugin, const std::string& config) : plugin_(plugin) {
  if (plugin_.create(lend(config), &instance_) != OPSROOM_OK)
    throw std::runtime_error("it refused to start; see its own message above");
}

Instance::~Instance() {
  plugin_.destroy(instance_);
}

Server::Server(const opsroom_plugin& plugin, const ServeOptions& options)
    : plugin_(plugin),
      options_(options),
      newest_(std::make_shared<const Catalogue>(
          plugin, Catalogue::Terms{options.page_size, options.changes != nullptr, nullptr}
      )),
      catalogue_(newest_),
      server_info_(info_of(plugin)),
      suffix_(std::string(",\"_meta\":{\"") + meta::server_info + "\":" + server_info_ + "}}"),
      directory_(std::filesystem::current_path().string()),
      instance_(plugin, options.config),
      outbox_(options.stdio.out, [] { leave_with(0); }),
      crew_([this] { return take_next(); }),
      calls_(
          {plugin,
           instance_.get(),
           {outbox_, batches_, questions_, subscriptions_, cancel_fds_, log_from_},
           alarm_,
           suffix_,
           options.state_key},
          [this] { crew_.hand_over(); },
          [this](std::string& line) { return put_aside(line); }
      ) {}

int Server::run() {
  if (options_.changes != nullptr) {
    const std::lock_guard lock(options_.changes->mutex_);
    options_.changes->tell_ = [this] { announce(); };
  }
  crew_.start();
  pollfd wait{leave_fd(), POLLIN, 0};
  while (::poll(&wait, 1, -1) < 0 && errno == EINTR) {
  }
  const int code = leave_code();
  const bool announced = stop_announcements();
  subscriptions_.close(server_info_);
  const bool calls_over = calls_.wind_down(options_.grace);
  outbox_.flush();
  // A tool that ignores the cancel still holds its instance: leaving at once is all that is left.
  if (!announced || !calls_over || !crew_.finish(options_.grace)) ::_exit(code);
  alarm_.stop();
  return code;
}

/// On the announcing thread, one at a time.
void Server::announce() {
  const std::shared_ptr<const Catalogue> before = newest_;
  const auto next = std::make_shared<const Catalogue>(
      plugin_, Catalogue::Terms{options_.page_size, true, before.get()}
  );
  {
    const std::lock_guard lock(newest_mutex_);
    newest_ = next;
  }
  is_new_.store(true);
  for (const std::string& list : next->changed_since(*before))
    subscriptions_.list_changed(list);
}

void Server::use_newest_catalogue() {
  if (!is_new_.exchange(false)) return;
  const std::lock_guard lock(newest_mutex_);
  catalogue_ = newest_;
}

/// False when somebody still announces: then this object must not go away.
bool Server::stop_announcements() {
  if (options_.changes == nullptr) return true;
  const std::unique_lock lock(options_.changes->mutex_, options_.grace);
  if (lock.owns_lock()) options_.changes->tell_ = nullptr;
  return lock.owns_lock();
}

/// One message, or some bytes of one. False: the conversation is over.
bool Server::take_next() {
  if (!waiting_.empty()) {
    const auto message = std::move(waiting_.front());
    waiting_.pop_front();
    take(message);
    return true;
  }
  if (auto line = lines_.next()) {
    outbox_.flush_old();
    take_line(*std::move(line));
    return true;
  }
  outbox_.flush();
  return read_more();
}

/// Whoever leads next takes the next request at hand, or flushes before it waits for one.
bool Server::put_aside(std::string& line) {
  return crew_.before_the_lead([&] { return outbox_.put_aside(line); });
}

bool Server::read_more() {
  std::array<pollfd, 2> waits{pollfd{options_.stdio.in, POLLIN, 0}, pollfd{leave_fd(), POLLIN, 0}};
  if (lookout_.wait(waits) < 0) return true;
  if (waits[1].revents != 0) return false;
  // Not cleared first: only what was read is looked at.
  std::array<char, 1 << 16> chunk;
  const ssize_t got = ::read(options_.stdio.in, chunk.data(), chunk.size());
  if (got < 0 && errno == EINTR) return true;
  if (got <= 0) {
    leave_with(0);
    return false;
  }
  lines_.feed({chunk.data(), static_cast<std::size_t>(got)});
  if (!lines_.too_long()) return true;
  std::fprintf(stderr, "a message of more than 64 MiB without a newline: leaving\n");
  leave_with(65);
  return false;
}

void Server::take_line(std::string line) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string::npos) return;
  try {
    if (line[first] == '[' && legacy_version_ == "2025-03-26") return take_batch(line);
    take(std::make_shared<const Message>(std::move(line)));
  } catch (const RpcError& error) {
    outbox_.send(response("null", error));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "a message could not be taken: %s\n", error.what());
  }
}

void Server::take(const std::shared_ptr<const Message>& message) {
  switch (message->kind()) {
    case Message::Kind::request:
      return take_request(message);
    case Message::Kind::notification:
      return take_notification(*message);
    case Message::Kind::response:
      return calls_.take_response(*message);
    case Message::Kind::nonsense:
      throw RpcError{code::invalid_request, "method is missing"};
  }
}

void Server::take_notification(const Message& message) {
  if (message.method == "notifications/initialized") return subscriptions_.open_legacy();
  if (message.method != "notifications/cancelled") return;
  std::string_view id;
  JsonReader reader(message.params);
  reader.object([&](std::string_view key) {
    const auto value = reader.value();
    if (key == "requestId") id = value;
  });
  if (id.empty()) return;
  calls_.cancel(key_of(id));
  subscriptions_.drop(key_of(id));
}

void Server::take_request(const std::shared_ptr<const Message>& message) {
  std::string id = "null";
  try {
    message->check_id();
    id = std::string(message->id);
    message->check_request();
    use_newest_catalogue();
    dispatch(message, era_of(*message, opened_legacy_));
  } catch (const RpcError& error) {
    say(id, response(id, error));
  } catch (const json::exception& error) {
    say(id, response(id, RpcError{code::invalid_params, error.what()}));
  } catch (const std::exception& error) {
    say(id, response(id, RpcError{code::internal_error, error.what()}));
  }
}

void Server::dispatch(const std::shared_ptr<const Message>& message, Era era) {
  const std::string& method = message->method;
  const bool completes = method == "completion/complete" && catalogue_->offers_completion();
  const bool reads = method == "resources/read" && catalogue_->offers_resources();
  const bool prompts = method == "prompts/get" && catalogue_->offers_prompts();
  if (method == "tools/call" || completes || reads || prompts)
    return calls_.start(call_request(message, era));
  if (method == "subscriptions/listen" && era == Era::modern) return listen(*message);
  if (method == "tasks/update" && era == Era::modern && catalogue_->offers_tasks())
    return update_task(*message);
  say(message->id, response(message->id, answer(*message, era)));
}

/// The answer to a request.
void Server::say(std::string_view id, std::string line) {
  if (!batches_.take(key_of(id), line)) outbox_.send(std::move(line));
}

/// The requests that do not enter the plugin.
std::string Server::answer(const Message& request, Era era) {
  const std::string& method = request.method;
  if (const auto name = catalogue_->list_of(method); !name.empty()) return list(name, request, era);
  if (era == Era::legacy) {
    if (method == "initialize") return initialize(request);
    if (method == "ping") return "{}";
    if (method == "logging/setLevel") return set_level(request);
    if (catalogue_->offers_resources() &&
        (method == "resources/subscribe" || method == "resources/unsubscribe"))
      return subscribe(request);
  } else {
    if (method == "server/discover") return discover();
    if (catalogue_->offers_tasks() && (method == "tasks/get" || method == "tasks/cancel"))
      return answer_about_task(request);
  }
  throw RpcError{code::method_not_found, "Method not found: " + method};
}

std::string Server::initialize(const Message& request) {
  const json params = request.parsed_params();
  json result{
      {"protocolVersion", legacy_version_for(params)},
      {"capabilities", catalogue_->capabilities(Era::legacy)},
      {"serverInfo", json::parse(server_info_)}
  };
  if (!catalogue_->instructions().empty()) result["instructions"] = catalogue_->instructions();
  legacy_version_ = result["protocolVersion"];
  legacy_capabilities_ = params.value("capabilities", json::object());
  if (!legacy_capabilities_.is_object()) legacy_capabilities_ = json::object();
  opened_legacy_ = true;
  return dumped(result);
}

/// Closes the members of a result.
std::string Server::finished(std::string members, Era era) const {
  if (era == Era::legacy) return "{" + members + "}";
  const char* separator = members.empty() ? "" : ",";
  return "{" + members + separator + "\"resultType\":\"complete\"" + suffix_;
}

/// What may change at any time is not to be kept.
std::string Server::cache_hints() const {
  const char* lifetime = options_.changes == nullptr ? "60000" : "0";
  return std::string(",\"ttlMs\":") + lifetime + ",\"cacheScope\":\"public\"";
}

std::string Server::discover() const {
  std::string members = "\"supportedVersions\":[\"" + std::string(modern_version) +
                        "\"],\"capabilities\":" + dumped(catalogue_->capabilities(Era::modern));
  if (!catalogue_->instructions().empty())
    members += ",\"instructions\":" + json_string(catalogue_->instructions());
  return finished(members + cache_hints(), Era::modern);
}

std::string Server::list(std::string_view name, const Message& request, Era era) const {
  std::string members = catalogue_->page(name, request.parsed_params(), era);
  if (era == Era::modern) members += cache_hints();
  return finished(std::move(members), era);
}

std::string Server::set_level(const Message& request) {
  const auto severity = severity_of(request.parsed_params().value("level", json()));
  if (!severity)
    throw RpcError{
        code::invalid_params,
        "params.level must be debug, info, notice, warning, error, critical, alert or emergency"
    };
  log_from_.store(*severity);
  return "{}";
}

std::string Server::subscribe(const Message& request) {
  const std::string uri = text_param(request, "uri");
  if (request.method == "resources/subscribe")
    subscriptions_.subscribe(uri);
  else
    subscriptions_.unsubscribe(uri);
  return "{}";
}

void Server::listen(const Message& request) {
  const std::string id = key_of(request.id);
  if (calls_.is_under_way(id) || subscriptions_.is_open(id))
    throw RpcError{code::invalid_request, "a request with this id is still under way"};
  subscriptions_.listen(request, catalogue_->capabilities(Era::modern));
}

std::string Server::answer_about_task(const Message& request) {
  check_tasks_declared(request);
  const std::string id = text_param(request, "taskId");
  if (request.method == "tasks/get") return calls_.task_status(id);
  calls_.cancel_task(id);
  return finished("", Era::modern);
}

void Server::update_task(const Message& request) {
  check_tasks_declared(request);
  const std::string id = text_param(request, "taskId");
  const json responses = request.parsed_params().value("inputResponses", json());
  if (!responses.is_object())
    throw RpcError{code::invalid_params, "params.inputResponses must be an object"};
  const auto resumed = calls_.take_task_answers(id, responses);
  // The task may go on for long, and on this thread.
  outbox_.send(response(request.id, finished("", Era::modern)));
  if (resumed) calls_.resume(*resumed);
}

}  // namespace opsroom::sdk
