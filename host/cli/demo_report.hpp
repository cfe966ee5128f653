#pragma once

#include "cli/books.hpp"
#include "cli/demo_scene.hpp"

#include <string>
#include <vector>

namespace opsroom::cli {

/// One lane of the demo: what was started in it and how it is expected to end.
struct DemoLane {
  std::string lane;
  std::string runbook;
  RunStatus expected;
  RunId run;
  int lines = 0;  ///< log lines seen
};

/// Prints the table of the lanes and the diff of lane C; returns what is not as it should be.
Task<std::vector<std::string>> report(
    Books books, DemoScene scene, Session session, std::vector<DemoLane> lanes
);

}  // namespace opsroom::cli
