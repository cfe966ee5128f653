#include "pipe_child.hpp"

#include <opsroom/testkit/client.hpp>
#include <stdexcept>

namespace opsroom::testkit {
namespace {

using json = Client::json;

constexpr auto sending_patience = std::chrono::seconds(60);

json modern_capabilities() {
  return {
      {"elicitation", {{"form", json::object()}}},
      {"extensions", {{"io.opsroom/artifact-file", json::object()}}}
  };
}

json modern_meta(const json& call_meta, int id) {
  json meta{
      {"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
      {"io.modelcontextprotocol/clientCapabilities", modern_capabilities()},
      {"io.modelcontextprotocol/clientInfo", {{"name", "opsroom-testkit"}, {"version", "1"}}},
      {"io.modelcontextprotocol/logLevel", "debug"},
      {"progressToken", id}
  };
  if (!call_meta.is_null()) meta["io.opsroom/call"] = call_meta;
  return meta;
}

json legacy_meta(const json& call_meta, int id) {
  json meta{{"progressToken", id}};
  if (!call_meta.is_null()) meta["io.opsroom/call"] = call_meta;
  return meta;
}

json legacy_opening() {
  return {
      {"protocolVersion", "2025-11-25"},
      {"capabilities", json::object()},
      {"clientInfo", {{"name", "opsroom-testkit"}, {"version", "1"}}}
  };
}

}  // namespace

Client::Client(
    const std::vector<std::string>& command, const std::map<std::string, std::string>& env
)
    : child_(std::make_unique<PipeChild>(command, env)) {}

Client::~Client() = default;

pid_t Client::pid() const noexcept {
  return child_->pid();
}

std::string Client::end(std::chrono::milliseconds patience) {
  return child_->end(patience);
}

void Client::open(std::chrono::milliseconds patience) {
  const Reply seen = request("server/discover", json::object(), patience);
  if (seen.kind == Reply::Kind::result) {
    capabilities_ = seen.body.value("capabilities", json::object());
    info_ = seen.body.value("_meta", json::object())
                .value("io.modelcontextprotocol/serverInfo", json::object());
    return;
  }
  if (seen.kind != Reply::Kind::error)
    throw std::runtime_error("it does not answer; " + end(std::chrono::seconds(1)));
  modern_ = false;
  const Reply opened = request("initialize", legacy_opening(), patience);
  if (opened.kind != Reply::Kind::result)
    throw std::runtime_error("it refuses to be opened: " + opened.body.dump());
  capabilities_ = opened.body.value("capabilities", json::object());
  info_ = opened.body.value("serverInfo", json::object());
  child_->send(
      json{{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}.dump(),
      Clock::now() + patience
  );
}

std::string Client::identity() const {
  return info_.value("name", "?") + " " + info_.value("version", "?");
}

int Client::send(const std::string& method, json params, const json& call_meta) {
  const int id = ++last_id_;
  if (modern_)
    params["_meta"] = modern_meta(call_meta, id);
  else if (method != "initialize")
    params["_meta"] = legacy_meta(call_meta, id);
  const json message{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}};
  child_->send(
      message.dump(-1, ' ', false, json::error_handler_t::replace), Clock::now() + sending_patience
  );
  return id;
}

void Client::cancel(int id) {
  const json note{
      {"jsonrpc", "2.0"},
      {"method", "notifications/cancelled"},
      {"params", {{"requestId", id}, {"reason", "no longer wanted"}}}
  };
  child_->send(note.dump(), Clock::now() + sending_patience);
}

/// The next message; null when there is none in time or ever.
json Client::receive(Clock::time_point until) {
  while (const auto line = child_->receive(until)) {
    json message = json::parse(*line, nullptr, false);
    if (message.is_object()) return message;
    if (noise_++ == 0) first_noise_ = line->substr(0, 200);
  }
  return nullptr;
}

Client::Reply Client::request(
    const std::string& method,
    json params,
    std::chrono::milliseconds patience,
    const OnNotification& heard,
    const json& call_meta
) {
  const auto until = Clock::now() + patience;
  const int id = send(method, std::move(params), call_meta);
  while (true) {
    json message = receive(until);
    if (message.is_null()) {
      if (child_->closed()) return {Reply::Kind::gone};
      cancel(id);
      return {Reply::Kind::timed_out};
    }
    const bool response = !message.contains("method");
    if (response && message.value("id", json()) == id) {
      const bool good = message.contains("result");
      return {good ? Reply::Kind::result : Reply::Kind::error, message[good ? "result" : "error"]};
    }
    if (response || message.contains("id") || !heard || !heard(message)) continue;
    cancel(id);
    return {Reply::Kind::cancelled};
  }
}

void Client::request_and_cancel(const std::string& method, json params) {
  cancel(send(method, std::move(params), nullptr));
}

json Client::list(const std::string& method, const char* key, std::chrono::milliseconds patience) {
  constexpr int most_pages = 1000;
  json all = json::array();
  json params = json::object();
  for (int pages = 0; pages < most_pages; ++pages) {
    Reply page = request(method, params, patience);
    if (page.kind != Reply::Kind::result)
      throw std::runtime_error(
          method +
          " fails: " + (page.body.is_null() ? end(std::chrono::seconds(1)) : page.body.dump())
      );
    for (json& each : page.body[key])
      all.push_back(std::move(each));
    if (!page.body.contains("nextCursor")) return all;
    params["cursor"] = page.body["nextCursor"];
  }
  throw std::runtime_error(method + " does not end");
}

}  // namespace opsroom::testkit
