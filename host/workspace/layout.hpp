#pragma once

#include <filesystem>
#include <string>

namespace opsroom::workspace {

/// Where things lie below the workspace root. Lanes are plain folders people may look into; what
/// the host trusts lies in dot folders beside them, so no lane or session name can collide with it.
struct Layout {
  std::filesystem::path root;  ///< absolute

  std::filesystem::path hub_folder() const { return root / ".hubs"; }
  std::filesystem::path host_folder(const std::string& session) const {
    return root / ".lanes" / session;
  }
  std::filesystem::path lost_folder() const { return root / ".lost"; }

  /// One lane's places; all below one file system, since parts are renamed into place.
  struct Lane {
    std::filesystem::path checkout;  ///< the folder tools work in, with an ordinary .git
    std::filesystem::path host_git;  ///< the host's git directory for it
    std::filesystem::path building;  ///< both, while they are made
    std::filesystem::path lock;
  };

  Lane lane(const std::string& session, const std::string& name) const {
    const auto host = host_folder(session);
    return Lane{
        root / session / name,
        host / (name + ".git"),
        host / (name + ".tmp"),
        host / (name + ".lock")
    };
  }
};

/// The names of a lane, as they appear in messages, branches and refs.
struct LaneName {
  std::string session;
  std::string lane;

  std::string text() const { return "lane " + lane + " of session " + session; }
  std::string branch() const { return "opsroom/" + session + "/" + lane; }
  /// Pins the base in the hub. Two levels, since "a-b" + "c" and "a" + "b-c" would share one.
  std::string pin() const { return "refs/opsroom/bases/" + session + "/" + lane; }
};

}  // namespace opsroom::workspace
