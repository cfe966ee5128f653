#pragma once
#include "message.hpp"
#include "wire.hpp"

#include <map>
#include <mutex>
#include <set>
#include <string>

namespace opsroom::sdk {

/// Who wants to hear of changes: the legacy client of lists by being there and of resources by
/// subscribing, a modern one by streams it listens on. Any thread may tell of a change.
class Subscriptions {
 public:
  explicit Subscriptions(Outbox& outbox) : outbox_(outbox) {}

  /// The legacy client is ready for what nobody asked for.
  void open_legacy();
  void subscribe(const std::string& uri);
  void unsubscribe(const std::string& uri);

  /// Opens the stream of a subscriptions/listen request and acknowledges what of it is honoured
  /// here: what is among `offered`, the capabilities. Throws RpcError when the request asks for
  /// nothing that can be understood.
  void listen(const Message& request, const json& offered);
  bool is_open(const std::string& id);
  /// The client has enough of it; no word more is said on it.
  void drop(const std::string& id);
  /// Ends all streams as a server does that leaves.
  void close(const std::string& server_info);

  void resource_updated(const std::string& uri);
  /// `list` is "tools", "resources" or "prompts".
  void list_changed(const std::string& list);

 private:
  struct Stream {
    std::set<std::string> uris;
    std::set<std::string> lists;
  };

  void tell(const std::string& method, const json& params, const std::string& id);

  Outbox& outbox_;
  std::mutex mutex_;
  std::set<std::string> legacy_;
  bool legacy_open_ = false;
  std::map<std::string, Stream> streams_;  ///< by the listen request's id
};

}  // namespace opsroom::sdk
