#pragma once
#include <filesystem>
#include <opsroom/beneath.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::plugins {

/// A file of the lane that is being written: beside its target first, moved over it by finish(), so
/// that nobody reads half of it. Unfinished ones are gone with the object. Never leaves the lane,
/// through ".." or symbolic links; a symbolic link at the path itself is replaced. All throw
/// FileError.
class LaneFile {
 public:
  /// `path` is relative to `workdir`. tool::BadArguments at "/<argument>" when it can be no file.
  LaneFile(
      const std::filesystem::path& workdir,
      const std::string& path,
      bool create_dirs,
      const std::string& argument
  );
  ~LaneFile();
  LaneFile(const LaneFile&) = delete;
  LaneFile& operator=(const LaneFile&) = delete;

  void write(std::string_view bytes);
  void finish();

 private:
  std::filesystem::path path_;
  Fd directory_;
  std::string temporary_;
  Fd file_;
  bool finished_ = false;
};

/// A whole file of the lane. FileError; std::runtime_error when it is larger than `most` bytes.
std::string read_lane_file(
    const std::filesystem::path& workdir,
    const std::string& path,
    std::size_t most,
    const std::string& argument
);

/// The names of the regular files in a directory of the lane, sorted by bytes. FileError.
std::vector<std::string> list_lane_files(
    const std::filesystem::path& workdir, const std::string& path, const std::string& argument
);

}  // namespace opsroom::plugins
