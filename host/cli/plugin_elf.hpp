#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace opsroom::cli {

/// The names a shared library lets others see, read from the file without loading it. Failure names
/// what is wrong with the file.
std::vector<std::string> exported_symbols(const std::filesystem::path& library);

}  // namespace opsroom::cli
