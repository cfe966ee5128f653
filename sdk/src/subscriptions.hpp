#pragma once
#include "message.hpp"
#include "wire.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>

namespace opsroom::sdk {

/// Who wants to hear of changed resources: the legacy client by subscribing, a modern one by
/// streams it listens on. Any thread may tell of a change.
class Subscriptions {
 public:
  explicit Subscriptions(Outbox& outbox) : outbox_(outbox) {}

  void subscribe(const std::string& uri);
  void unsubscribe(const std::string& uri);

  /// Opens the stream of a subscriptions/listen request and acknowledges what of it is honoured
  /// here. Throws RpcError when the request asks for nothing that can be understood.
  void listen(const Message& request, bool offers_resources);
  bool is_open(const std::string& id);
  /// The client has enough of it; no word more is said on it.
  void drop(const std::string& id);
  /// Ends all streams as a server does that leaves.
  void close(const std::string& server_info);

  void resource_updated(const std::string& uri);

 private:
  void tell(const std::string& method, json params, const std::string& id);

  Outbox& outbox_;
  std::mutex mutex_;
  std::set<std::string> legacy_;
  std::map<std::string, std::set<std::string>> streams_;  ///< listen request's id -> URIs
};

}  // namespace opsroom::sdk
