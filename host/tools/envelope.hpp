#pragma once

#include "base/json.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// One JSON-RPC message as it arrived: the outside parsed, the inside kept as the bytes that came,
/// so that a large result is looked into once, by whoever knows what it should be.
struct Envelope {
  enum class Kind {
    request,
    notification,
    result,
    error,
    malformed,  ///< has an id like a response, but not exactly one of result and error
    batch,      ///< an array of messages (revision 2025-03-26)
    noise,      ///< no JSON-RPC at all: a banner, a stray print
  };

  Kind kind = Kind::noise;
  std::string id;  ///< raw JSON, to be echoed exactly; empty when absent
  std::string method;
  std::string problem;    ///< why it is malformed or noise
  bool repaired = false;  ///< invalid UTF-8 was replaced

  /// params, result or error as it came; empty when absent. Valid as long as this object.
  std::string_view payload() const { return std::string_view(text).substr(begin, length); }

  /// The id as one of ours, which are integers; a server that answers "7" to 7 is understood.
  std::optional<std::int64_t> number() const;

  std::string text;       ///< the whole message, until its result is taken
  std::size_t bytes = 0;  ///< of it as it came
  std::size_t begin = 0;
  std::size_t length = 0;
  std::uint64_t parse = 0;  ///< which one of its reader's it came from
};

/// A tool's result that is text and nothing else: what most are.
struct PlainResult {
  std::string text;     ///< of all contents, joined by line breaks
  bool failed = false;  ///< isError
  bool typed = false;   ///< says `"resultType": "complete"`, else nothing
};

/// Parses envelopes and payloads with simdjson, whose buffers it keeps from message to message. The
/// payload of the message read last is read from the same parse.
class EnvelopeReader {
 public:
  EnvelopeReader();
  ~EnvelopeReader();

  Envelope read(std::string text);

  /// The messages of a batch, each as text.
  std::vector<std::string> split(const Envelope& batch);

  /// The payload as a value (null when there is none). Failure{invalid} when it is no JSON or
  /// nested deeper than 128 levels.
  Json payload(const Envelope& envelope);

  /// The result of a tools/call if it is a plain one; else payload() has to tell. A long text is
  /// taken out of the envelope, which has no payload afterwards.
  std::optional<PlainResult> take_plain_result(Envelope& envelope);

 private:
  struct Parsers;
  void start_afresh();
  Json parse_again(const Envelope& envelope);

  std::unique_ptr<Parsers> parsers_;
  std::uint64_t parses_ = 0;
};

/// `{"jsonrpc":"2.0","id":7,"method":..,"params":..}` and its relatives, without a line break.
std::string request_text(std::int64_t id, std::string_view method, const Json& params);
std::string notification_text(std::string_view method, const Json& params);
/// `raw_id` is the request's id as it came.
std::string result_text(std::string_view raw_id, const Json& result);
std::string error_text(std::string_view raw_id, int code, std::string_view message);

namespace rpc {
inline constexpr int parse_error = -32700;
inline constexpr int invalid_request = -32600;
inline constexpr int method_not_found = -32601;
inline constexpr int invalid_params = -32602;
inline constexpr int missing_capability = -32021;
inline constexpr int unsupported_version = -32022;
}  // namespace rpc

}  // namespace opsroom::tools
