#pragma once

#include "base/async.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace opsroom::web {

/// Header fields in their order; names compare without regard to case.
class Headers {
 public:
  struct Field {
    std::string name;
    std::string value;
  };

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  /// The first field of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  /// The values of all fields of that name, in their order.
  std::vector<std::string> all(std::string_view name) const;
  void add(std::string name, std::string value);
  /// Replaces every field of that name.
  void set(std::string name, std::string value);
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

/// A request whose head was read and whose target was split; the body is empty until somebody who
/// may asks for it.
struct Request {
  std::string method;                 ///< upper case
  std::string target;                 ///< as it came: "/api/runs?limit=5"
  std::vector<std::string> segments;  ///< of the path, percent-decoded: {"api", "runs"}
  std::vector<std::pair<std::string, std::string>> query;
  Headers headers;
  std::string body;
  std::string peer;  ///< the other side's address, without port
  std::uint16_t local_port = 0;

  /// "/api/runs": the target without its query, still encoded.
  std::string_view path() const;
  /// A repeated parameter is Failure{invalid}: two readers would disagree about which one counts.
  std::optional<std::string> parameter(std::string_view name) const;
  /// Neither GET nor HEAD: may change something.
  bool unsafe() const { return method != "GET" && method != "HEAD"; }
};

/// Where a streaming response puts its bytes. Lent by the server for the time of the stream.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  /// Sends `bytes`; false when the reader has gone or has not read for the write deadline. Nothing
  /// is queued: what is not taken by the socket is waited for here.
  virtual Task<bool> write(std::string bytes) = 0;
  /// False once the reader has gone or the server stops.
  virtual bool open() const = 0;
  /// Called once when `open` turns false, so that a stream that waits for news can end at once.
  virtual void on_close(std::function<void()> callback) = 0;
};

/// Returns when the body is complete; an exception cuts the connection, so that the reader can tell
/// a broken body from a short one.
using StreamBody = std::function<Task<>(StreamWriter&)>;

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  StreamBody stream;  ///< when set, it writes the body (chunked) and `body` is not used
};

/// Reads a request's body, at most once and only when asked, so that nobody unknown can make us
/// read.
class BodySource {
 public:
  virtual ~BodySource() = default;
  /// Refusal 413 above the limit, 400 when malformed; one that does not come ends the connection.
  virtual Task<std::string> read() = 0;
  virtual bool empty() const = 0;
};

/// What answers requests. Exceptions must not leave it.
using Service = std::function<Task<Response>(Request, BodySource&)>;

/// Splits `target` into segments and query; Refusal 400 when it is not an absolute path, has broken
/// percent-encoding or control characters.
void split_target(Request& request);

/// Percent-decoding; nullopt when broken or when the result has control characters.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

/// "Not Found" and so on.
std::string_view reason_phrase(int status);

}  // namespace opsroom::web
