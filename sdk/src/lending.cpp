// What a plugin may call during an invocation.
#include "invocation.hpp"

#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <opsroom/text.hpp>
#include <sys/stat.h>
#include <unistd.h>

namespace opsroom::sdk {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t most_artifact_bytes = std::size_t{8} << 20;
constexpr auto progress_pause = std::chrono::milliseconds(10);

std::string_view view(opsroom_text text) {
  return text.size == 0 || text.data == nullptr ? std::string_view{}
                                                : std::string_view{text.data, text.size};
}

opsroom_text lend(std::string_view text) {
  return {text.data(), text.size()};
}

const char* level_name(int32_t level) {
  constexpr std::array names{"debug", "info", "warning", "error"};
  return level >= 0 && level < 4 ? names.at(static_cast<std::size_t>(level)) : "info";
}

std::string percent_encoded(std::string_view name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string text;
  for (const char letter : name) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 || letter == '.' || letter == '-' || letter == '_' ||
        letter == '/') {
      text += letter;
    } else {
      text += '%';
      text += digits[byte >> 4];
      text += digits[byte & 15];
    }
  }
  return text;
}

json artifact_meta(const std::string& name, const std::string& media_type) {
  return {{meta::artifact, {{"name", name}, {"mediaType", media_type}}}};
}

json artifact_item(const std::string& name, const std::string& media_type, std::string_view bytes) {
  return {
      {"type", "resource"},
      {"resource",
       {{"uri", "artifact:///" + percent_encoded(name)},
        {"mimeType", media_type},
        {"blob", base64(bytes)}}},
      {"_meta", artifact_meta(name, media_type)}
  };
}

/// Whether the client says that it shares our files and looks into them.
bool reads_files(const json& capabilities) {
  for (const char* part : {"extensions", "experimental"}) {
    const json offered = capabilities.value(part, json());
    if (offered.is_object() && offered.contains(artifact_file_extension)) return true;
  }
  return false;
}

bool is_below(const fs::path& file, const fs::path& directory) {
  std::error_code error;
  const fs::path base = fs::canonical(directory, error);
  if (error) return false;
  const auto [rest, ignored] = std::mismatch(base.begin(), base.end(), file.begin(), file.end());
  return rest == base.end();
}

/// The file by its one true name; none for what a tool may not hand in.
std::optional<fs::path> acceptable_file(const std::string& path, const std::string& workdir) {
  std::error_code error;
  const fs::path file = fs::canonical(path, error);
  if (error || !fs::path(path).is_absolute() || !fs::is_regular_file(file, error))
    return std::nullopt;
  if (is_below(file, workdir) || is_below(file, fs::temp_directory_path(error))) return file;
  return std::nullopt;
}

}  // namespace

void Invocation::lend_functions() {
  lent_.struct_size = sizeof lent_;
  lent_.cancel_fd = cancel_fd_.get();
  lent_.host = this;
  lent_.workdir = lend(request_.workdir);
  lent_.context = lend(context_);
  lent_.cancelled = [](void* host) -> int32_t { return self(host).cancelled() ? 1 : 0; };
  lent_.log = [](void* host, int32_t level, opsroom_text logger, opsroom_text message) {
    self(host).log(level, logger, message);
  };
  lent_.progress = [](void* host, double done, double total, opsroom_text message) {
    self(host).progress(done, total, message);
  };
  lent_.artifact = [](void* host, opsroom_text name, opsroom_text type, opsroom_text bytes) {
    return self(host).artifact(name, type, bytes);
  };
  lent_.need_input = [](void* host, opsroom_text requests, opsroom_text state) {
    self(host).need_input(requests, state);
  };
  lent_.result = [](void* host, opsroom_text text) { self(host).result(text); };
  lent_.extension = [](void* host, const char* id) { return self(host).extension(id); };
}

const void* Invocation::extension(const char* id) const {
  static const opsroom_elicit elicit{
      [](void* host, opsroom_text requests, void (*take)(void*, opsroom_text), void* user) {
        return self(host).ask_in_place(requests, take, user);
      }
  };
  static const opsroom_artifact_file artifact_file{
      [](void* host, opsroom_text name, opsroom_text type, opsroom_text path) {
        return self(host).artifact_file(name, type, path);
      }
  };
  static const opsroom_client client{[](void* host) { return self(host).capabilities(); }};
  static const opsroom_changes changes{[](void* host, opsroom_text uri) {
    self(host).resource_updated(uri);
  }};
  if (std::strcmp(id, OPSROOM_EXT_ELICIT) == 0) return &elicit;
  if (std::strcmp(id, OPSROOM_EXT_ARTIFACT_FILE) == 0 && reads_files(request_.capabilities))
    return &artifact_file;
  if (std::strcmp(id, OPSROOM_EXT_CLIENT) == 0) return &client;
  if (std::strcmp(id, OPSROOM_EXT_CHANGES) == 0) return &changes;
  return nullptr;
}

void Invocation::log(int32_t level, opsroom_text logger, opsroom_text message) {
  const std::lock_guard lock(mutex_);
  if (quiet()) return;
  const char* name = level_name(level);
  const int from = request_.era == Era::legacy ? around_.legacy_log_from.load()
                                               : request_.log_from.value_or(severity_silent);
  if (*severity_of(name) < from) return;
  around_.outbox.send(notification(
      "notifications/message",
      {{"level", name},
       {"logger", logger.size == 0 ? request_.tool : std::string(view(logger))},
       {"data", std::string(view(message))}}
  ));
}

void Invocation::progress(double done, double total, opsroom_text message) {
  const std::lock_guard lock(mutex_);
  if (quiet() || request_.progress_token.empty() || !std::isfinite(done)) return;
  if (last_progress_ && done <= *last_progress_) return;
  const auto now = std::chrono::steady_clock::now();
  const bool last = total > 0 && done >= total;
  if (last_progress_ && !last && now - last_progress_at_ < progress_pause) return;
  last_progress_ = done;
  last_progress_at_ = now;
  json params{{"progress", done}};
  if (total > 0 && std::isfinite(total)) params["total"] = total;
  if (message.size > 0) params["message"] = std::string(view(message));
  around_.outbox.send(
      notification("notifications/progress", params, "progressToken", request_.progress_token)
  );
}

opsroom_status Invocation::artifact(opsroom_text name, opsroom_text type, opsroom_text bytes) {
  const std::lock_guard lock(mutex_);
  if (over()) return OPSROOM_CANCELLED;
  if (artifact_bytes_ + bytes.size > most_artifact_bytes) {
    std::fprintf(
        stderr, "%s: artifacts of one call may have 8 MiB together\n", request_.tool.c_str()
    );
    return OPSROOM_BAD_ARGUMENTS;
  }
  artifact_bytes_ += bytes.size;
  artifacts_.push_back(
      artifact_item(printable_utf8(view(name)), printable_utf8(view(type)), view(bytes))
  );
  return OPSROOM_OK;
}

opsroom_status Invocation::artifact_file(opsroom_text name, opsroom_text type, opsroom_text path) {
  const std::lock_guard lock(mutex_);
  if (over()) return OPSROOM_CANCELLED;
  const auto file = acceptable_file(std::string(view(path)), request_.workdir);
  if (!file) return OPSROOM_BAD_ARGUMENTS;
  std::error_code error;
  const std::string label = printable_utf8(view(name));
  const std::string media_type = printable_utf8(view(type));
  artifacts_.push_back(
      {{"type", "resource_link"},
       {"uri", "file://" + percent_encoded(file->string())},
       {"name", label},
       {"mimeType", media_type},
       {"size", fs::file_size(*file, error)},
       {"_meta", artifact_meta(label, media_type)}}
  );
  return OPSROOM_OK;
}

void Invocation::need_input(opsroom_text requests, opsroom_text state) {
  const std::lock_guard lock(mutex_);
  if (over()) return;
  if (requests_) misbehaved("it asked for input twice in one invocation");
  requests_ = std::string(view(requests));
  state_ = std::string(view(state));
}

opsroom_status Invocation::ask_in_place(
    opsroom_text requests, void (*take)(void* user, opsroom_text responses), void* user
) {
  if (request_.era == Era::modern) return OPSROOM_INPUT_REQUIRED;
  const json asked = json::parse(view(requests), nullptr, false);
  if (!asked.is_object() || asked.empty()) return OPSROOM_BROKEN;
  try {
    if (!missing_capabilities(asked, request_.capabilities).empty()) return OPSROOM_INPUT_REQUIRED;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plugin misbehaving: %s: %s\n", request_.tool.c_str(), error.what());
    return OPSROOM_BROKEN;
  }
  const auto place = std::make_shared<Place>();
  {
    const std::lock_guard lock(place_mutex_);
    place_ = place;
  }
  const auto ticket = around_.questions.ask(asked, request_.patience(), [place](auto outcome) {
    const std::lock_guard lock(place->mutex);
    place->outcome = std::move(outcome);
    place->changed.notify_all();
  });
  std::unique_lock lock(place->mutex);
  place->changed.wait(lock, [&] { return cancelled() || place->outcome; });
  const Questions::Outcome answer =
      place->outcome.value_or(Questions::Outcome(std::string("the call was cancelled")));
  lock.unlock();
  if (cancelled()) {
    around_.questions.withdraw(ticket, "the call was cancelled");
    return OPSROOM_CANCELLED;
  }
  const json* responses = std::get_if<json>(&answer);
  if (responses == nullptr) {
    const auto& why = std::get<std::string>(answer);
    std::fprintf(stderr, "%s: %s\n", request_.tool.c_str(), why.c_str());
    return OPSROOM_BROKEN;
  }
  const std::string text = dumped(*responses);
  take(user, lend(text));
  return OPSROOM_OK;
}

opsroom_text Invocation::capabilities() {
  const std::lock_guard lock(mutex_);
  if (capabilities_.empty()) capabilities_ = dumped(request_.capabilities);
  return lend(capabilities_);
}

void Invocation::result(opsroom_text text) {
  const std::lock_guard lock(mutex_);
  if (closed_) return misbehaved("it handed in a result after invoke() had returned");
  if (result_) return misbehaved("it handed in two results");
  result_ = std::string(view(text));
}

void Invocation::resource_updated(opsroom_text uri) {
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return misbehaved("it went on after invoke() had returned");
  }
  around_.subscriptions.resource_updated(std::string(view(uri)));
}

}  // namespace opsroom::sdk
