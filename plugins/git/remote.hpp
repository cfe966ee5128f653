#pragma once
#include "repository.hpp"

namespace opsroom::git {

/// How one ref of a push went.
struct Pushed {
  /// pushed, created, forced, deleted, up_to_date or rejected.
  std::string outcome;
  std::string ref;                    ///< on the remote, in full
  std::optional<std::string> reason;  ///< of a rejection, in git's words
  std::optional<std::string> remedy;  ///< what helps against it
  std::vector<std::string> messages;  ///< what the remote said, line by line
};

struct PushOrder {
  std::string remote;  ///< a configured name, a URL or a path
  std::string source;  ///< a commit's full id, or empty to delete
  std::string target;  ///< refs/heads/...
  bool force = false;
  std::optional<std::string> expected;  ///< force only over this commit
  std::chrono::milliseconds limit = Repository::usual_limit;
};

/// The address behind a remote, without a password in it. Throws std::runtime_error that names the
/// remotes there are, and for a remote inside of the checkout: its hooks would run.
std::string address_of(const Repository& repository, const std::string& remote);

/// Pushes one ref. A rejection is a result; that the remote can't be reached is a
/// std::runtime_error with the remedy.
Pushed push_ref(const Repository& repository, const PushOrder& order);

}  // namespace opsroom::git
