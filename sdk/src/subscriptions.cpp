#include "subscriptions.hpp"

namespace opsroom::sdk {
namespace {

constexpr const char* updated = "notifications/resources/updated";

std::set<std::string> wanted_uris(const json& filter) {
  const json wanted = filter.value("resourceSubscriptions", json::array());
  std::set<std::string> uris;
  for (const json& uri : wanted)
    if (uri.is_string()) uris.insert(uri.get<std::string>());
  return uris;
}

}  // namespace

void Subscriptions::subscribe(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  legacy_.insert(uri);
}

void Subscriptions::unsubscribe(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  legacy_.erase(uri);
}

void Subscriptions::listen(const Message& request, bool offers_resources) {
  const json filter = request.parsed_params().value("notifications", json());
  if (!filter.is_object())
    throw RpcError{code::invalid_params, "params.notifications must be an object"};
  json honoured = json::object();
  std::set<std::string> uris = offers_resources ? wanted_uris(filter) : std::set<std::string>{};
  if (!uris.empty()) honoured["resourceSubscriptions"] = uris;
  const std::string id = key_of(request.id);
  // The lock is kept until the acknowledgement is out: it has to be the first that is said.
  const std::lock_guard lock(mutex_);
  streams_[id] = std::move(uris);
  tell("notifications/subscriptions/acknowledged", {{"notifications", honoured}}, id);
}

bool Subscriptions::is_open(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return streams_.contains(id);
}

void Subscriptions::drop(const std::string& id) {
  const std::lock_guard lock(mutex_);
  streams_.erase(id);
}

void Subscriptions::close(const std::string& server_info) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, uris] : streams_)
    outbox_.send(response(
        id,
        R"({"resultType":"complete","_meta":{"io.modelcontextprotocol/subscriptionId":)" + id +
            ",\"" + meta::server_info + "\":" + server_info + "}}"
    ));
  streams_.clear();
}

void Subscriptions::resource_updated(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  if (legacy_.contains(uri)) outbox_.send(notification(updated, {{"uri", uri}}));
  for (const auto& [id, uris] : streams_)
    if (uris.contains(uri)) tell(updated, {{"uri", uri}}, id);
}

void Subscriptions::tell(const std::string& method, json params, const std::string& id) {
  params["_meta"] = {{meta::subscription_id, json::parse(id)}};
  outbox_.send(notification(method, params));
}

}  // namespace opsroom::sdk
