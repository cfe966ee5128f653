#pragma once
#include <string>

namespace opsroom::plugins::notify {

/// The header webhook-signature of Standard Webhooks: "v1," and HMAC-SHA-256 of "id.timestamp.body"
/// in base64. A secret that begins with "whsec_" is the base64 of the key behind it, any other one
/// is the key itself. Throws std::runtime_error when a "whsec_" secret is no base64.
std::string webhook_signature(
    const std::string& secret,
    const std::string& id,
    const std::string& timestamp,
    const std::string& body
);

}  // namespace opsroom::plugins::notify
