#pragma once

#include "app/settings.hpp"

#include <string>

namespace opsroom::app {

/// The database of these settings: the given one, or the private cluster of the data directory.
/// Failure{unavailable} says how to start it when there is none.
std::string database_url(const Settings& settings);

}  // namespace opsroom::app
