#pragma once

#include "base/json.hpp"
#include "web/http.hpp"

#include <string>

namespace opsroom::web {

/// The ordinary answer: a JSON object that no cache keeps.
Response json_response(const Json& body, int status = 200);

/// A text or page of our own making.
Response text_response(std::string text, std::string media_type, int status = 200);

/// The headers every response carries unless it brings a stricter one: nobody may frame the page,
/// run foreign scripts in it, guess media types or read it from another origin.
const Headers& security_headers();

}  // namespace opsroom::web
