#pragma once
#include "common/lane.hpp"

#include <string>
#include <string_view>

namespace opsroom::plugins {

/// New content beside its target; gone again unless it was moved into place.
class StagedFile {
 public:
  /// With the permissions of the file that is there, which must be no directory. `place` must
  /// outlive this.
  explicit StagedFile(const Place& place);
  /// `mode` before the umask.
  StagedFile(const Place& place, mode_t mode);
  ~StagedFile();
  StagedFile(const StagedFile&) = delete;
  StagedFile& operator=(const StagedFile&) = delete;

  void write(std::string_view content);
  void set_mode(mode_t mode);
  /// Brings it onto the disk: full disks and quotas may speak up only now.
  void sync();
  /// Replaces whatever is there. Throws FileError, as all of these.
  void replace();
  /// The name beside the target; who takes it over must delete it.
  std::string hand_over();

 private:
  const Place& place_;
  std::string name_;
  Fd file_;
  bool ours_ = true;
};

/// A name nobody else uses, for a file beside its target.
std::string temporary_name();

}  // namespace opsroom::plugins
