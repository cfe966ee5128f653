#include "tools/inprocess_library.hpp"

#include "base/digest.hpp"
#include "base/failure.hpp"
#include "base/files.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <elf_check.hpp>
#include <fcntl.h>
#include <library.hpp>
#include <map>
#include <mutex>

namespace opsroom::tools {
namespace {

/// What came of loading a library: nothing is ever unloaded, since a plugin may have left threads
/// and exit handlers in it.
struct Loaded {
  /// Stays open, also where loading failed: the loader knows a library by the name it was opened
  /// by, and another file behind the same descriptor would be taken for this one.
  Fd file;
  const opsroom_plugin* entry = nullptr;
  std::string refusal;  ///< instead of an entry
};

Fd open_file(const InprocessFile& file) {
  Fd opened(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (opened) return opened;
  const int error = errno;
  if (error != ENOENT) throw system_failure(error, "open " + file.path.string());
  throw Failure(
      Code::not_found,
      fmt::format("{}: there is no {}", file.title, file.path.string()),
      fmt::format("Build or install it, or correct {}.", file.place)
  );
}

/// Read through the descriptor that is loaded afterwards, so that nobody can put another file
/// between.
void check_digest(const Fd& opened, const InprocessFile& file) {
  const std::string is = sha256_of_file(opened.get(), file.path);
  if (is == file.sha256) return;
  throw Failure(
      Code::forbidden,
      fmt::format(
          "{} cannot be used: {} has the SHA-256 {}, and {}/sha256 allows {}",
          file.title,
          file.path.string(),
          is,
          file.place,
          file.sha256
      ),
      "Find out who changed it. When it was you, write the new digest there; "
      "\"isolation\": \"process\" needs none."
  );
}

Loaded load(Fd opened) {
  Loaded loaded;
  loaded.file = std::move(opened);
  try {
    loaded.entry = &runner::load_plugin(fmt::format("/proc/self/fd/{}", loaded.file.get()));
  } catch (const runner::NotAPlugin& error) {
    loaded.refusal = error.what();
  }
  return loaded;
}

}  // namespace

const opsroom_plugin& load_inprocess(const InprocessFile& file) {
  static std::mutex mutex;
  static auto& all = *new std::map<std::string, Loaded>;
  const std::lock_guard lock(mutex);
  auto found = all.find(file.sha256);
  if (found == all.end()) {
    Fd opened = open_file(file);
    check_digest(opened, file);
    found = all.emplace(file.sha256, load(std::move(opened))).first;
  }
  if (found->second.entry != nullptr) return *found->second.entry;
  throw Failure(
      Code::invalid,
      fmt::format(
          "{} cannot be used: {}: {}", file.title, file.path.string(), found->second.refusal
      ),
      fmt::format("Correct it or {}, and start the worker again.", file.place)
  );
}

}  // namespace opsroom::tools
