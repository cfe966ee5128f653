#pragma once
#include "arguments.hpp"
#include "common/secrets.hpp"

namespace opsroom::plugins::http {

/// The answer as data: JSON, text or base64, whichever it is; secrets replaced.
Response as_response(const WebAnswer& answer, const Secrets& secrets);

}  // namespace opsroom::plugins::http
