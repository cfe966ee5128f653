#include "server.hpp"

#include "signals.hpp"

#include <array>
#include <cstdio>
#include <filesystem>
#include <poll.h>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace opsroom::sdk {
namespace {

constexpr std::size_t most_calls = 64;
constexpr std::size_t ended_kept = 64;
constexpr int ttl_ms = 60'000;

opsroom_text lend(std::string_view text) {
  return {text.data(), text.size()};
}

/// What a sealed state belongs to.
std::string bound_to(const CallRequest& call) {
  return call.tool + " " + call.arguments;
}

bool good_name(const std::string& name) {
  constexpr auto allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !name.empty() && name.size() <= 128 &&
         name.find_first_not_of(allowed) == std::string::npos;
}

void check_tool(const json& tool, std::set<std::string>& names) {
  if (!tool.is_object() || !tool.contains("name") || !tool["name"].is_string())
    throw std::runtime_error("its manifest has a tool without a name");
  const auto name = tool["name"].get<std::string>();
  if (!good_name(name))
    throw std::runtime_error("tool name '" + name + "' is not [A-Za-z0-9_.-]{1,128}");
  if (!names.insert(name).second) throw std::runtime_error("two tools are called " + name);
  const auto schema = tool.find("inputSchema");
  if (schema == tool.end() || !schema->is_object() || schema->value("type", "") != "object")
    throw std::runtime_error("tool " + name + " has no inputSchema of type object");
}

}  // namespace

void Turnstile::enter(std::uint64_t ticket) {
  if (open_) return;
  std::unique_lock lock(mutex_);
  moved_.wait(lock, [&] { return serving_ == ticket; });
}

void Turnstile::leave() {
  if (open_) return;
  const std::lock_guard lock(mutex_);
  ++serving_;
  moved_.notify_all();
}

Server::Server(const opsroom_plugin& plugin, const ServeOptions& options)
    : plugin_(plugin),
      options_(options),
      outbox_(options.stdio.out, [] { leave_with(0); }),
      turnstile_((plugin.flags & OPSROOM_CONCURRENT) != 0) {
  read_manifest();
  if (plugin_.create(lend(options_.config), &instance_) != OPSROOM_OK)
    throw std::runtime_error("it refused to start; see its own message above");
}

Server::~Server() {
  plugin_.destroy(instance_);
}

void Server::read_manifest() {
  const opsroom_text text = plugin_.manifest();
  const json manifest =
      text.data == nullptr ? json() : json::parse(text.data, text.data + text.size, nullptr, false);
  if (!manifest.is_object() || !manifest.contains("tools") || !manifest["tools"].is_array())
    throw std::runtime_error("its manifest is no JSON object with a tools array");
  std::set<std::string> names;
  for (const json& tool : manifest["tools"])
    check_tool(tool, names);
  tools_ = manifest["tools"];
}

int Server::run() {
  const int code = listen();
  // A tool that ignores the cancel still holds its instance: leaving at once is all that is left.
  if (!wind_down()) ::_exit(code);
  return code;
}

int Server::listen() {
  LineCutter lines;
  std::array<char, 1 << 16> chunk{};
  while (true) {
    std::array<pollfd, 2> waits{
        pollfd{options_.stdio.in, POLLIN, 0}, pollfd{leave_fd(), POLLIN, 0}
    };
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) return 71;
    if (waits[1].revents != 0) return leave_code();
    if (waits[0].revents == 0) continue;
    const ssize_t got = ::read(options_.stdio.in, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    lines.feed({chunk.data(), static_cast<std::size_t>(got)});
    while (const auto line = lines.next())
      take(*line);
    if (lines.too_long()) {
      std::fprintf(stderr, "a message of more than 64 MiB without a newline: leaving\n");
      return 65;
    }
  }
}

void Server::take(const std::string& line) {
  if (line.find_first_not_of(" \t") == std::string::npos) return;
  const json message = json::parse(line, nullptr, false);
  if (message.is_discarded()) {
    outbox_.send(
        response(nullptr, RpcError{code::parse_error, "not JSON in UTF-8, or nested badly"})
    );
  } else if (!message.is_object()) {
    outbox_.send(
        response(nullptr, RpcError{code::invalid_request, "a message must be one JSON object"})
    );
  } else if (message.contains("method") && !message.contains("id")) {
    take_notification(message);
  } else if (message.contains("method")) {
    take_request(message);
  } else if (!message.contains("result") && !message.contains("error")) {
    outbox_.send(response(nullptr, RpcError{code::invalid_request, "method is missing"}));
  }
}

void Server::take_notification(const json& message) {
  if (message["method"] != "notifications/cancelled") return;
  const json params = message.value("params", json::object());
  const auto id = params.is_object() ? params.find("requestId") : params.end();
  if (id == params.end()) return;
  const std::lock_guard lock(mutex_);
  if (const auto call = calls_.find(id->dump()); call != calls_.end()) call->second->cancel();
}

void Server::take_request(const json& message) {
  const json& id = message["id"];
  const bool usable = id.is_string() || id.is_number_integer();
  try {
    const Request request = parse_request(message);
    const Era era = era_of(request, opened_legacy_);
    if (request.method == "tools/call")
      start_call(request, era);
    else
      outbox_.send(response(request.id, stamped(answer(request, era), era)));
  } catch (const RpcError& error) {
    outbox_.send(response(usable ? id : json(), error));
  } catch (const std::exception& error) {
    outbox_.send(response(usable ? id : json(), RpcError{code::internal_error, error.what()}));
  }
}

json Server::answer(const Request& request, Era era) {
  const bool legacy = era == Era::legacy;
  if (request.method == "tools/list") return list_tools(request, era);
  if (!legacy && request.method == "server/discover") return discover();
  if (legacy && request.method == "initialize") return initialize(request);
  if (legacy && request.method == "ping") return json::object();
  if (legacy && request.method == "logging/setLevel") return set_level(request);
  throw RpcError{code::method_not_found, "Method not found: " + request.method};
}

json Server::server_info() const {
  return {{"name", plugin_.name}, {"version", plugin_.version}};
}

json Server::initialize(const Request& request) {
  json result{
      {"protocolVersion", legacy_version_for(request.params)},
      {"capabilities", {{"tools", json::object()}, {"logging", json::object()}}},
      {"serverInfo", server_info()}
  };
  opened_legacy_ = true;
  return result;
}

json Server::discover() const {
  return {
      {"supportedVersions", json::array({modern_version})},
      {"capabilities", {{"tools", json::object()}, {"logging", json::object()}}},
      {"ttlMs", ttl_ms},
      {"cacheScope", "public"}
  };
}

json Server::list_tools(const Request& request, Era era) const {
  // Everything fits one page, so no cursor was ever handed out; an empty one counts as one too.
  if (const auto cursor = request.params.find("cursor");
      cursor != request.params.end() && !cursor->is_null())
    throw RpcError{code::invalid_params, "this cursor was not handed out here"};
  json result{{"tools", tools_}};
  if (era == Era::modern) {
    result["ttlMs"] = ttl_ms;
    result["cacheScope"] = "public";
  }
  return result;
}

json Server::set_level(const Request& request) {
  const auto severity = severity_of(request.params.value("level", json()));
  if (!severity)
    throw RpcError{
        code::invalid_params,
        "params.level must be debug, info, notice, warning, error, critical, alert or emergency"
    };
  log_from_.store(*severity);
  return json::object();
}

json Server::stamped(json result, Era era) const {
  if (era == Era::legacy) return result;
  if (!result.contains("resultType")) result["resultType"] = "complete";
  if (!result.contains("_meta") || !result["_meta"].is_object()) result["_meta"] = json::object();
  result["_meta"][meta::server_info] = server_info();
  return result;
}

CallRequest Server::call_request(const Request& request, Era era) const {
  const json& params = request.params;
  const json name = params.value("name", json());
  if (!name.is_string()) throw RpcError{code::invalid_params, "params.name must be a string"};
  const json arguments = params.value("arguments", json::object());
  if (!arguments.is_object())
    throw RpcError{code::invalid_params, "params.arguments must be an object"};

  CallRequest call;
  call.id = request.id;
  call.era = era;
  call.tool = name.get<std::string>();
  bool known = false;
  for (const json& tool : tools_)
    known = known || tool["name"] == name;
  if (!known) throw RpcError{code::invalid_params, "Unknown tool: " + call.tool};
  call.arguments = arguments.dump();
  call.progress_token = request.meta.value("progressToken", json());
  call.capabilities = request.meta.value(meta::client_capabilities, json::object());
  call.log_from = severity_of(request.meta.value(meta::log_level, json()));

  json context = request.meta.value(meta::call, json::object());
  if (!context.is_object())
    throw RpcError{
        code::invalid_params, std::string("params._meta[\"") + meta::call + "\"] must be an object"
    };
  context.erase("requestState");
  if (params.contains("inputResponses")) context["inputResponses"] = params["inputResponses"];
  if (params.contains("requestState"))
    context["requestState"] = opened_state(params, bound_to(call));
  const json workdir = context.value("workdir", json());
  call.workdir =
      workdir.is_string() ? workdir.get<std::string>() : std::filesystem::current_path().string();
  call.context = context.dump();
  return call;
}

std::string Server::opened_state(const json& params, const std::string& bound) const {
  const json& sealed = params["requestState"];
  const auto state =
      sealed.is_string()
          ? seal_.open(sealed.get_ref<const std::string&>(), bound, StateSeal::Clock::now())
          : std::nullopt;
  if (state) return *state;
  throw RpcError{
      code::invalid_params,
      "params.requestState was not handed out here for this tool and these arguments, or is too "
      "old; call again without it"
  };
}

void Server::start_call(const Request& request, Era era) {
  auto call = std::make_shared<Invocation>(
      call_request(request, era), [this](const json& message) { outbox_.send(message); }, log_from_
  );
  {
    const std::lock_guard lock(mutex_);
    if (calls_.size() >= most_calls)
      throw RpcError{code::internal_error, "busy: 64 calls are under way; try again later"};
    if (!calls_.emplace(request.id.dump(), call).second)
      throw RpcError{code::invalid_request, "a call with this id is still under way"};
  }
  try {
    // The ticket counts only once the thread that gives it back exists.
    const std::uint64_t ticket = turnstile_.next_ticket();
    std::thread([this, call, ticket] { run_call(call, ticket); }).detach();
    turnstile_.take_ticket();
  } catch (const std::system_error&) {
    forget(call);
    throw RpcError{code::internal_error, "busy: no thread left for this call; try again later"};
  }
}

void Server::run_call(const std::shared_ptr<Invocation>& call, std::uint64_t ticket) {
  turnstile_.enter(ticket);
  Answer answer = call->cancelled() ? Answer{Silence{}} : invoke(*call);
  turnstile_.leave();
  deliver(call->request(), std::move(answer));
  forget(call);
}

Answer Server::invoke(Invocation& call) try {
  if (retired_)
    return error_result(std::string(plugin_.name) + " broke in an earlier call: start it again");
  const CallRequest& request = call.request();
  const opsroom_status status =
      plugin_.invoke(instance_, lend(request.tool), lend(request.arguments), &call.lent());
  if (status == OPSROOM_BROKEN) retired_ = true;
  return call.conclude(status);
} catch (const std::exception& error) {
  return call.conclude_escaped(error.what());
} catch (...) {
  return call.conclude_escaped("not a std::exception");
}

void Server::deliver(const CallRequest& request, Answer answer) {
  auto* result = std::get_if<json>(&answer);
  if (result != nullptr && result->contains("requestState"))
    (*result)["requestState"] = seal_.seal(
        (*result)["requestState"].get<std::string>(), bound_to(request), StateSeal::Clock::now()
    );
  if (result != nullptr)
    outbox_.send(response(request.id, stamped(std::move(*result), request.era)));
  else if (const auto* error = std::get_if<RpcError>(&answer))
    outbox_.send(response(request.id, *error));
}

void Server::forget(const std::shared_ptr<Invocation>& call) {
  const std::lock_guard lock(mutex_);
  calls_.erase(call->request().id.dump());
  ended_.push_back(call);
  if (ended_.size() > ended_kept) ended_.pop_front();
  // Notified under the lock: the server may be gone as soon as it is released.
  idle_.notify_all();
}

/// Cancels what runs and waits the grace; false when some tool is still at it.
bool Server::wind_down() {
  std::unique_lock lock(mutex_);
  for (auto& [id, call] : calls_)
    call->cancel();
  return idle_.wait_for(lock, options_.grace, [this] { return calls_.empty(); });
}

}  // namespace opsroom::sdk
