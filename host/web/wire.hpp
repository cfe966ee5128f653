#pragma once

#include "web/errors.hpp"
#include "web/http.hpp"

#include <string>
#include <string_view>

namespace opsroom::web {

/// Status line and fields, with `standard` for those the response doesn't set, ready for the
/// socket.
std::string response_head(const Response& response, const Headers& standard, bool chunked);

bool has_body(int status);

/// `bytes` as one chunk of a chunked body.
std::string chunk(std::string_view bytes);

/// What HTTP itself demands of a head beyond its grammar: one Host, not too many fields. Refusal.
void check_head(const Request& request, std::size_t field_limit);

/// What a head that could not be read is answered with; ends the connection.
Response unreadable_head(int status);

Refusal body_too_large(std::size_t limit);

/// A whole answer, for when there is no room to serve.
extern const std::string too_many_connections;

}  // namespace opsroom::web
