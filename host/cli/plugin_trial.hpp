#pragma once

#include "base/json.hpp"
#include "tools/inspection.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::cli {

/// A plugin or server put to the test in a process of its own.
struct TrialOrder {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;
  std::string tool;  ///< to be called a thousand times; empty: any that is safe
  std::optional<Json> arguments;
  std::chrono::seconds patience{30};  ///< with one answer
  std::chrono::seconds within{60};    ///< all of it, but for the grace at the end
  std::filesystem::path strays;       ///< a file for what a server of the SDK prints on stdout
};

struct TrialReport {
  std::string identity;
  std::string era;
  std::size_t tools = 0;
  std::string called;  ///< the tool that was called a thousand times; empty: none
  std::vector<tools::Finding> findings;
  std::vector<std::string> unchecked;  ///< what the time did not reach, or a failure before it
};

/// Starts the command and looks at everything it shows; calls its tools with arguments that do not
/// fit; cancels a call; calls one tool a thousand times and measures what its process keeps; closes
/// its stdin; reads what it printed. Tells what there was no time for. Blocks; must not run beside
/// a Spawner, which reaps every child.
TrialReport try_out(const TrialOrder& order);

}  // namespace opsroom::cli
