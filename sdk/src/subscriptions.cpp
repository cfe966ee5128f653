#include "subscriptions.hpp"

namespace opsroom::sdk {
namespace {

constexpr const char* updated = "notifications/resources/updated";

std::set<std::string> wanted_uris(const json& filter) {
  const json wanted = filter.value("resourceSubscriptions", json::array());
  std::set<std::string> uris;
  if (!wanted.is_array()) return uris;
  for (const json& uri : wanted)
    if (uri.is_string()) uris.insert(uri.get<std::string>());
  return uris;
}

/// Of the lists that the client wants to hear of, those that can change here.
std::set<std::string> wanted_lists(const json& filter, const json& offered) {
  std::set<std::string> lists;
  for (const char* list : {"tools", "resources", "prompts"})
    if (filter.value(std::string(list) + "ListChanged", json()) == true && offered.contains(list) &&
        offered[list].contains("listChanged"))
      lists.insert(list);
  return lists;
}

}  // namespace

void Subscriptions::open_legacy() {
  const std::lock_guard lock(mutex_);
  legacy_open_ = true;
}

void Subscriptions::subscribe(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  legacy_.insert(uri);
}

void Subscriptions::unsubscribe(const std::string& uri) {
  const std::lock_guard lock(mutex_);
  legacy_.erase(uri);
}

void Subscriptions::listen(const Message& request, const json& offered) {
  const json filter = request.parsed_params().value("notifications", json());
  if (!filter.is_object())
    throw RpcError{code::invalid_params, "params.notifications must be an object"};
  json honoured = json::object();
  Stream stream;
  if (offered.contains("resources")) stream.uris = wanted_uris(filter);
  if (!stream.uris.empty()) honoured["resourceSubscriptions"] = stream.uris;
  stream.lists = wanted_lists(filter, offered);
  for (const std::string& list : stream.lists)
    honoured[list + "ListChanged"] = true;
  const std::string id = key_of(request.id);
  // The lock is kept until the acknowledgement is out: it has to be the first that is said.
  const std::lock_guard lock(mutex_);
  streams_[id] = std::move(stream);
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
  for (const auto& [id, stream] : streams_)
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
  for (const auto& [id, stream] : streams_)
    if (stream.uris.contains(uri)) tell(updated, {{"uri", uri}}, id);
}

void Subscriptions::list_changed(const std::string& list) {
  const std::string method = "notifications/" + list + "/list_changed";
  const std::lock_guard lock(mutex_);
  if (legacy_open_) outbox_.send(notification(method, json::object()));
  for (const auto& [id, stream] : streams_)
    if (stream.lists.contains(list)) tell(method, json::object(), id);
}

void Subscriptions::tell(const std::string& method, const json& params, const std::string& id) {
  const std::string tag = std::string("{\"") + meta::subscription_id + "\":" + id + "}";
  outbox_.send(notification(method, params, "_meta", tag));
}

}  // namespace opsroom::sdk
