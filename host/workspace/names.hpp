#pragma once

#include <string>
#include <string_view>

namespace opsroom::workspace {

/// Session and lane names become folders, branches and refs: [A-Za-z0-9._-]{1,64}, no leading dot
/// or dash, no "..", no trailing dot or ".lock". Failure{invalid} names `what`, the value and the
/// rule.
void check_name(std::string_view what, std::string_view name);

/// A base is a branch, a tag or a commit id; never a revision expression or an option. Empty is the
/// default branch. Failure{invalid} otherwise.
void check_base(std::string_view base);

/// True for 7 to 64 hex digits.
bool looks_like_commit(std::string_view base);

/// Where a lane's files come from, sorted by what may be done with it.
struct Repository {
  std::string url;     ///< what git is given; may carry a password
  std::string shown;   ///< the same for people and for the lane, without a password
  bool local = false;  ///< git's upload-pack runs on this machine
  bool none() const { return url.empty(); }
  /// Folder name below .hubs: readable, unique.
  std::string hub_name() const;
};

/// Accepts local paths (made absolute), file://, https://, ssh:// and user@host:path; empty is
/// "none". Anything git could take for an option or a program (a leading dash, ext::, a host that
/// starts with a dash) is Failure{invalid}.
Repository parse_repository(std::string_view text);

}  // namespace opsroom::workspace
