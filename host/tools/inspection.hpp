#pragma once

#include "tools/pins.hpp"
#include "tools/source_launcher.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::tools {

/// What is seen of a source by starting it and asking for its tools; none of them is called, and
/// nothing pinned is enforced.
struct Inspection {
  std::vector<Secret> secrets;          ///< what the source was given and must not be shown
  std::optional<CommandPrint> command;  ///< none: it cannot be started at all
  std::string era;                      ///< empty: it was never opened
  std::string identity;                 ///< "files 1.2 (2025-11-25)", as it says itself
  std::vector<Json> tools;              ///< as listed, denied ones too; of a name the first
  std::vector<std::string> twice;       ///< names that were listed more than once
  std::size_t noise = 0;                ///< lines on its stdout that are no messages
  Milliseconds opened_in{0};
  Milliseconds listed_in{0};
  std::optional<Failure> failure;  ///< why it could not be started, opened or listed
};

/// Starts `source` for a lane in `lane`, looks and ends it. `launcher` has no guard. Ends early, as
/// a failure, when `stop` is requested.
Task<Inspection> inspect(
    SourceLauncher& launcher, SourceConfig source, std::filesystem::path lane, Stop& stop
);

/// The same as a pin, as of now. Throws the failure when there was one.
Pin pin_of(const Inspection& inspection);

/// How the source differs from its pin: command first, then tools.
std::vector<Change> drift(const Pin& pin, const Inspection& inspection);

/// One thing that was found out about a source.
struct Finding {
  bool problem = false;  ///< else only worth knowing
  std::string text;
  std::string remedy;
};

/// All that can be said about a source: secrets, start, names, schemas, pin, noise.
std::vector<Finding> findings(
    const SourceConfig& source, const Inspection& inspection, const LockFile& lock
);

}  // namespace opsroom::tools
