#pragma once

#include "base/async.hpp"
#include "ports/credentials.hpp"

#include <filesystem>
#include <string>

namespace opsroom::app {

/// A one-time code for the browser, good for two minutes: "K7Q2-9F4M-TXW3". Only its hash is
/// stored.
Task<std::string> new_login_code(Credentials& credentials);

/// The link that carries the code in its fragment, which browsers send to nobody.
std::string login_link(const std::string& base_url, const std::string& code);

/// The API token of this data directory, in `<home>/token` (mode 0600); made when missing, and made
/// known to the database either way.
Task<std::string> ensure_token(Credentials& credentials, std::filesystem::path home);

}  // namespace opsroom::app
