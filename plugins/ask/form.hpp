#pragma once
#include <nlohmann/json.hpp>

#include <opsroom/tool.hpp>
#include <string>

namespace opsroom::plugins::ask {

using tool::json;

/// The form completed with what may be left out ("type"), if it is one that every MCP client can
/// show: an object of texts, numbers, booleans and options (MCP's restricted JSON Schema). Throws
/// tool::BadArguments that points below "/form".
json checked_form(json form);

/// What the person filled in, with defaults for what was left out, if it fits the form. Clients
/// need not check it, so this does. Throws std::runtime_error that names every field that does not
/// fit.
json checked_content(const json& form, json content);

}  // namespace opsroom::plugins::ask
