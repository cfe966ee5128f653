#pragma once

#include "app/layout.hpp"
#include "app/settings.hpp"

namespace opsroom::app {

/// `opsroom worker`: claims and tells runs until SIGTERM, then drains. Prints "ready <id>" on
/// stdout when it has introduced itself to the database. When a plugin in this process has kept a
/// thread, the process ends here, with exit code 75, instead of returning: its supervisor is to
/// start it anew.
void work(const Settings& settings, const Layout& layout);

}  // namespace opsroom::app
