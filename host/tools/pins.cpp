#include "tools/pins.hpp"

#include "base/files.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <sys/stat.h>

namespace opsroom::tools {
namespace {

constexpr int lock_version = 1;
constexpr std::size_t largest_lock = 64u << 20;
constexpr Clock::duration between_looks = std::chrono::milliseconds(200);

Pin parse_pin(const Json& json, const std::string& where) {
  Pin pin;
  pin.command = CommandPrint::from_json(member(json, "command", where), where + "/command");
  const Json& surface = member(json, "surface", where);
  const std::string place = where + "/surface";
  pin.surface = Surface::from_json(member(surface, "tools", place), place + "/tools");
  pin.surface_digest = pin.surface.digest();
  pin.pinned_at = string_or(json, "pinnedAt", "", where);
  return pin;
}

}  // namespace

const Pin* LockFile::find(const std::string& source) const {
  const auto found = sources.find(source);
  return found == sources.end() ? nullptr : &found->second;
}

LockFile parse_lock(const Json& document, const std::string& name) {
  const std::string top = name + ": ";
  const auto version = integer_or(document, "version", 0, top);
  if (version != lock_version) {
    throw Failure(
        Code::invalid,
        fmt::format("{}/version: expected {}, got {}", top, lock_version, version),
        "Move the file away and pin anew: `opsroom tools pin`."
    );
  }
  LockFile lock;
  lock.strict = bool_or(document, "strict", false, top);
  const Json& sources = member(document, "sources", top);
  if (!sources.is_object()) {
    throw Failure(Code::invalid, fmt::format("{}/sources: expected an object", top));
  }
  for (const auto& [source, pin] : sources.items())
    lock.sources.emplace(source, parse_pin(pin, fmt::format("{}/sources/{}", top, source)));
  return lock;
}

Json to_json(const LockFile& lock) {
  Json sources = Json::object();
  for (const auto& [name, pin] : lock.sources) {
    sources[name] = {
        {"pinnedAt", pin.pinned_at},
        {"command", pin.command.to_json()},
        {"surface", {{"sha256", pin.surface.digest()}, {"tools", pin.surface.to_json()}}}
    };
  }
  return {{"version", lock_version}, {"strict", lock.strict}, {"sources", std::move(sources)}};
}

std::filesystem::path lock_file_for(const std::filesystem::path& tools_file) {
  const char* given = std::getenv("OPSROOM_LOCK");
  if (given != nullptr && *given != '\0') return std::filesystem::absolute(given);
  if (tools_file.empty()) return {};
  return std::filesystem::absolute(tools_file).parent_path() / "opsroom.lock";
}

Pins::Stamp Pins::look() const {
  struct stat now{};
  if (::stat(file_.c_str(), &now) != 0) {
    if (errno == ENOENT) return {};
    throw system_failure(errno, "stat " + file_.string());
  }
  const auto changed = static_cast<std::int64_t>(now.st_ctim.tv_sec) * 1'000'000'000;
  return {now.st_ino, now.st_size, changed + now.st_ctim.tv_nsec};
}

std::shared_ptr<const LockFile> Pins::now() {
  const auto time = Clock::now();
  if (content_ && time - looked_at_ < between_looks) return content_;
  const Stamp stamp = file_.empty() ? Stamp{} : look();
  if (!content_ || stamp != stamp_) {
    content_.reset();  // should it be damaged, the old content counts no more
    LockFile fresh;
    if (stamp.size >= 0) {
      const std::string name = file_.filename().string();
      fresh = parse_lock(parse_json(read_file(file_, largest_lock), name), name);
    }
    content_ = std::make_shared<const LockFile>(std::move(fresh));
    stamp_ = stamp;
  }
  looked_at_ = time;
  return content_;
}

void Pins::write(const LockFile& lock) {
  if (file_.empty()) {
    throw Failure(
        Code::invalid,
        "there is no tools.json, and so no place for opsroom.lock",
        "Make a tools.json, or name the file by OPSROOM_LOCK."
    );
  }
  write_file(file_, to_json(lock).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  content_.reset();
}

std::vector<Change> drift_of_command(const Pin& pin, const CommandPrint& now) {
  if (pin.command == now) return {};
  return {{Change::Kind::command, {}, {}, command_differences(pin.command, now)}};
}

Failure drift_failure(
    const std::string& source, const std::string& title, const std::vector<Change>& changes
) {
  return Failure(
      Code::forbidden,
      fmt::format("{} is not what opsroom.lock has pinned:\n{}", title, to_text(changes)),
      fmt::format(
          "`opsroom tools diff {}` shows all of it; if it is meant to be so, accept it by `opsroom "
          "tools pin {}`.",
          source,
          source
      )
  );
}

Failure unpinned_failure(const std::string& source, const std::string& title) {
  return Failure(
      Code::forbidden,
      fmt::format("{} is not pinned, and opsroom.lock is strict", title),
      fmt::format(
          "Look at it by `opsroom tools doctor {}`, then accept it by `opsroom tools pin {}`.",
          source,
          source
      )
  );
}

}  // namespace opsroom::tools
