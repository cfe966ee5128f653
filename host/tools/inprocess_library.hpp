#pragma once

#include <filesystem>
#include <string>

struct opsroom_plugin;

namespace opsroom::tools {

/// A plugin library that an operator lets into this very process.
struct InprocessFile {
  std::filesystem::path path;
  std::string sha256;
  std::string title;  ///< "plugin 'x'", for messages
  std::string place;  ///< where tools.json speaks of it
};

/// The entry of a library with exactly these bytes, loaded once for the life of this process: who
/// asks again, for the same digest, gets what is there, whatever has become of the file. Any
/// thread; blocks, and runs the library's initialisers. Failure{not_found}, Failure{forbidden} for
/// other bytes, Failure{invalid} for what is no plugin.
const opsroom_plugin& load_inprocess(const InprocessFile& file);

}  // namespace opsroom::tools
