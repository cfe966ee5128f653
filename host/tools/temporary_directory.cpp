#include "tools/temporary_directory.hpp"

#include "base/failure.hpp"

#include <cerrno>
#include <stdlib.h>
#include <string>
#include <system_error>

namespace opsroom::tools {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "opsroom-tool-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw system_failure(errno, "mkdtemp " + pattern);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;  // What cannot be removed is left to the system's own cleaning.
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace opsroom::tools
