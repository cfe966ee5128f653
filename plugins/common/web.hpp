#pragma once
#include "common/address.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <opsroom/tool.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace opsroom::plugins {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// What the operator allows requests of a plugin.
struct WebPolicy {
  AddressPolicy addresses;
  std::vector<std::string> hosts;  ///< "api.example.org" or "*.example.org"; empty: all
  std::string ca_file;             ///< trusted instead of the system's; empty: the system's
};

struct WebRequest {
  std::string method = "GET";
  std::string url;
  Headers headers;
  std::vector<std::string> private_headers;  ///< names; never sent to another origin
  std::optional<std::string> body;
  std::chrono::milliseconds timeout{30000};  ///< for all of it, redirects too
  int max_redirects = 0;
  std::uint64_t max_bytes = 1 << 20;  ///< of the answer's body, unpacked
  /// Takes the body instead of WebAnswer::body; false: enough, the rest is not read. Not called for
  /// redirects.
  std::function<bool(std::string_view)> sink;
  bool despite_cancel = false;  ///< goes on when the call is cancelled: for what has to be undone
  bool connect_only = false;    ///< only see whether the host's port accepts; nothing is sent
};

struct WebAnswer {
  int status = 0;
  std::string url;  ///< the one that answered
  Headers headers;  ///< names in lower case, in the order they came
  std::string body;
  std::uint64_t bytes = 0;
  int redirects = 0;
  std::chrono::milliseconds took{0};

  /// All values of one header joined by ", "; empty when there is none.
  std::string header(std::string_view name) const;
};

/// No answer. The text names the address without its query, and the remedy.
class WebError : public std::runtime_error {
 public:
  /// `refused`: the policy did not allow it, or the request makes no sense; trying again is
  /// useless.
  WebError(const std::string& text, bool refused) : std::runtime_error(text), refused_(refused) {}
  bool refused() const noexcept { return refused_; }

 private:
  bool refused_;
};

/// Sends one request and follows its redirects, over http and https only, never through a proxy.
/// Every address is checked when it is connected to, so that a name cannot turn to another one
/// after the check. Throws WebError, tool::Cancelled at once when the call is cancelled, and what
/// the sink throws. Any thread.
WebAnswer fetch(const WebRequest& request, const WebPolicy& policy, const tool::Call& call);

/// "https://host/path" without user, query and fragment; for people. The text itself when it is no
/// URL.
std::string shown_url(const std::string& url);

/// The host of a URL in lower case; empty when it is none.
std::string host_of(const std::string& url);

/// Whether one of the patterns ("api.example.org", "*.example.org") names the host.
bool host_matches(const std::vector<std::string>& patterns, const std::string& host);

}  // namespace opsroom::plugins
