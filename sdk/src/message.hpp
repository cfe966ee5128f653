#pragma once
#include "protocol.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace opsroom::sdk {

/// One line from the client with its parts as slices of it, each a JSON text and empty when it is
/// not there. Nothing is built from it but what somebody asks for.
class Message {
 public:
  /// Throws RpcError parse_error or invalid_request when the line is no JSON object.
  explicit Message(std::string line);
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

  enum class Kind { request, notification, response, nonsense };
  Kind kind() const noexcept;

  std::string_view id;
  std::string_view result;
  std::string_view error;
  std::string method;
  std::string_view params;

  // Members of params.
  std::string_view name;
  std::string_view arguments;
  std::string_view request_state;
  std::string_view input_responses;
  std::string_view meta;

  // Members of params._meta.
  std::string_view protocol_version;
  std::string_view client_capabilities;
  std::string_view log_level;
  std::string_view progress_token;
  std::string_view call;

  // Members of params._meta["io.opsroom/call"].
  std::string_view workdir;
  std::string_view deadline;
  /// It tries to speak for the tool's own state or for a person's answers.
  bool call_overreaches = false;

  /// Whether it can be answered at all. Throws RpcError.
  void check_id() const;
  /// The rest of what JSON-RPC asks of a request. Throws RpcError.
  void check_request() const;

  /// params as a whole; an empty object when there are none.
  json parsed_params() const;

 private:
  void read_params(class JsonReader& reader);
  void read_meta(class JsonReader& reader);
  void read_call(class JsonReader& reader);

  std::string line_;
  std::string_view version_;
  bool has_method_ = false;
  bool method_is_text_ = false;
};

/// Which era the request speaks; `opened_legacy` says whether initialize came before. Throws
/// RpcError for a modern request without its required fields or in a version not spoken here.
Era era_of(const Message& request, bool opened_legacy);

/// Whether a JSON text is what ids and progress tokens may be: a string or an integer.
bool is_id(std::string_view value);

/// An id as it is compared: the same for however it was written.
std::string key_of(std::string_view id);

}  // namespace opsroom::sdk
