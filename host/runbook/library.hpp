#pragma once

#include "base/json.hpp"
#include "runbook/plan.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace opsroom::runbook {

/// The runbooks in some directories (*.yaml, *.yml, *.json; not in their subdirectories). Every
/// call reads the files again, since people edit them; so calls block on the disk. Where two
/// directories have a runbook of one name, the earlier directory wins. A directory that does not
/// exist is empty.
class Library {
 public:
  explicit Library(std::vector<std::filesystem::path> directories);

  /// Failure{not_found} lists what is known and the nearest name; Failure{invalid} when the file
  /// exists and is broken.
  Plan find(const std::string& name) const;

  /// All sound runbooks, by name.
  std::vector<Plan> all() const;

  /// What is wrong with the others, one text a file.
  std::vector<std::string> problems() const;

  struct Match {
    Plan plan;
    Json inputs;  ///< bound by placeholders and typed by the schema; neither complete nor checked
  };

  /// The runbook an intent means: one of exactly this name, else the one whose pattern matches,
  /// e.g. "deploy {version} to {target}" (letter case and the amount of white space do not count).
  /// Of several, the pattern with the most literal text wins; Failure{conflict} when that is a tie.
  std::optional<Match> match_intent(const std::string& intent) const;

 private:
  std::vector<std::filesystem::path> directories_;
};

}  // namespace opsroom::runbook
