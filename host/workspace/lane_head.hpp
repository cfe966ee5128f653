#pragma once

#include "base/async.hpp"
#include "base/blocking.hpp"
#include "workspace/git.hpp"
#include "workspace/scan.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace opsroom::workspace {

/// Where the lane's HEAD is, as far as the host could take it over.
struct HeadState {
  std::optional<std::string> commit;  ///< none: the lane's .git is broken; `note` says how
  std::string note;
  std::string added;  ///< files the commits since the base added, NUL-separated
};

/// Takes commits made in the lane over into the host's git directory. `git fetch` from the lane's
/// .git is the only way the host ever reads it with git (measured: it runs nothing the lane names);
/// a glance at HEAD as plain text decides when. A broken lane .git is a note, not a failure. Io
/// thread only.
class LaneHead {
 public:
  LaneHead(
      Git& git,
      BlockingPool& pool,
      std::filesystem::path checkout,
      std::filesystem::path host_git,
      std::string base
  );

  Task<HeadState> take(Identity lane);

 private:
  Task<HeadState> fetch();

  Git& git_;
  BlockingPool& pool_;
  std::filesystem::path checkout_;
  std::filesystem::path host_git_;
  std::string base_;
  std::string seen_;
  HeadState state_;
};

/// What HEAD says and points to, as text that changes whenever HEAD moves; Failure{conflict} when
/// the lane has no .git directory of its own. Follows no symbolic link; blocking.
std::string head_signature(const Fd& lane);

}  // namespace opsroom::workspace
