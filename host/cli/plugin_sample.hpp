#pragma once

#include "base/json.hpp"

#include <optional>
#include <string>
#include <vector>

namespace opsroom::cli {

/// Whether a tool says of itself that calling it does no harm here or elsewhere.
bool harmless(const Json& tool);

/// Arguments that fit the schema, made of its defaults, choices and limits; none when it wants
/// something that can't be made up.
std::optional<Json> sample_arguments(const Json& schema);

/// Arguments that surely do not fit: a required one that is missing, or one that is not known; none
/// when the schema takes anything.
std::optional<Json> misfit(const Json& schema);

/// What a tool's entry leaves open: descriptions, hints, defaults that do not fit.
std::vector<std::string> entry_findings(const Json& tool);

}  // namespace opsroom::cli
