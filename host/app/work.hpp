#pragma once

#include "app/layout.hpp"
#include "app/settings.hpp"

namespace opsroom::app {

/// `opsroom worker`: claims and tells runs until SIGTERM, then drains. Prints "ready <id>" on
/// stdout when it has introduced itself to the database.
void work(const Settings& settings, const Layout& layout);

}  // namespace opsroom::app
