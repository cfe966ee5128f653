#include "app/database_url.hpp"

#include "app/private_cluster.hpp"
#include "base/failure.hpp"

#include <fmt/format.h>

namespace opsroom::app {

std::string database_url(const Settings& settings) {
  if (!settings.database_url.empty()) return settings.database_url;
  const ClusterPlace place = cluster_place(settings.home);
  if (!std::filesystem::exists(place.sockets / ".s.PGSQL.5432")) {
    throw Failure(
        Code::unavailable,
        fmt::format("opsroom is not up in {}", settings.home.string()),
        "Start it with `opsroom up`, or set DATABASE_URL."
    );
  }
  return place.url();
}

}  // namespace opsroom::app
