#include "script.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <opsroom/beneath.hpp>
#include <string_view>
#include <unistd.h>

namespace opsroom::exec {
namespace {

namespace fs = std::filesystem;

/// The script as a file of its own, deleted with this object.
class ScriptFile {
 public:
  explicit ScriptFile(std::string_view text) {
    const char* place = std::getenv("TMPDIR");
    path_ = fs::path(place != nullptr && *place == '/' ? place : "/tmp") / "opsroom-script-XXXXXX";
    std::string name = path_.string();
    const Fd file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) throw FileError("write the script to", path_, errno);
    path_ = name;
    try {
      write(file, text);
    } catch (...) {
      remove();
      throw;
    }
  }
  ~ScriptFile() { remove(); }
  ScriptFile(const ScriptFile&) = delete;
  ScriptFile& operator=(const ScriptFile&) = delete;

  std::string path() const { return path_.string(); }

 private:
  void write(const Fd& file, std::string_view text) const {
    while (!text.empty()) {
      const ssize_t written = ::write(file.get(), text.data(), text.size());
      if (written < 0 && errno != EINTR) throw FileError("write the script to", path_, errno);
      if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
    }
  }
  void remove() const noexcept { ::unlink(path_.c_str()); }

  fs::path path_;
};

void refuse_nul_in(const std::vector<std::string>& texts, const std::string& pointer) {
  for (std::size_t i = 0; i < texts.size(); ++i)
    refuse_nul(texts[i], pointer + "/" + std::to_string(i));
}

}  // namespace

tool::Outcome<RunResult> script(const ScriptArgs& args, tool::Call& call) {
  refuse_nul(args.script, "/script");
  refuse_nul_in(args.interpreter, "/interpreter");
  refuse_nul_in(args.args, "/args");
  if (args.interpreter.front().empty())
    throw tool::BadArguments("/interpreter/0", "must name a program");
  const ScriptFile file(args.script);
  std::vector<std::string> command = args.interpreter;
  command.push_back(file.path());
  command.insert(command.end(), args.args.begin(), args.args.end());
  return supervise(command, args, "script", call);
}

}  // namespace opsroom::exec
