#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace opsroom {

/// SHA-256 as 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);

/// The same of a file's content, read piece by piece. Blocks; Failure names the path.
std::string sha256_of_file(const std::filesystem::path& path);
/// The same of one that is open, from where it stands; `path` is for the message.
std::string sha256_of_file(int descriptor, const std::filesystem::path& path);

/// `bytes` random bytes of the kernel's generator, as hex.
std::string random_hex(std::size_t bytes);

/// Compares without telling by its duration where the difference is.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace opsroom
