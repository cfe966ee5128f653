#include "collect.hpp"

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <opsroom/extensions.h>
#include <stdexcept>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace opsroom::testkit {
namespace {

constexpr auto grace = std::chrono::seconds(10);

std::string_view view(opsroom_text text) {
  return text.size == 0 ? std::string_view{} : std::string_view{text.data, text.size};
}
opsroom_text lend(std::string_view text) {
  return {text.data(), text.size()};
}

/// One invocation: the opsroom_call a host would lend, and what the tool did with it.
class Round {
 public:
  Round(const CallSpec& spec, const Options& options, Result& into, std::string context)
      : spec_(spec), options_(options), into_(into), context_(std::move(context)) {
    workdir_ = spec.workdir.empty() ? std::filesystem::current_path().string()
                                    : std::filesystem::absolute(spec.workdir).string();
    call_.struct_size = sizeof call_;
    call_.cancel_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (call_.cancel_fd < 0) throw std::runtime_error("the test has no file descriptor left");
    call_.host = this;
    call_.workdir = lend(workdir_);
    call_.context = lend(context_);
    call_.cancelled = [](void* host) { return self(host).look(); };
    call_.log = [](void* host, int32_t level, opsroom_text logger, opsroom_text message) {
      self(host).log(level, view(logger), view(message));
    };
    call_.progress = [](void* host, double done, double total, opsroom_text message) {
      const std::lock_guard lock(self(host).mutex_);
      self(host).into_.progress.push_back({done, total, std::string(view(message))});
    };
    call_.artifact = [](void* host, opsroom_text name, opsroom_text type, opsroom_text bytes) {
      return self(host).keep(view(name), view(type), std::string(view(bytes)));
    };
    call_.need_input = [](void* host, opsroom_text asked, opsroom_text left) {
      const std::lock_guard lock(self(host).mutex_);
      self(host).requests = std::string(view(asked));
      self(host).state = std::string(view(left));
    };
    call_.result = [](void* host, opsroom_text text) {
      const std::lock_guard lock(self(host).mutex_);
      ++self(host).results;
      self(host).result = std::string(view(text));
    };
    call_.extension = [](void* host, const char* id) { return self(host).extension(id); };
  }
  ~Round() { ::close(call_.cancel_fd); }
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;

  const opsroom_call& lent() const noexcept { return call_; }

  void cancel() {
    cancelled_.store(true);
    const std::uint64_t one = 1;
    // An eventfd takes eight bytes or is already readable.
    [[maybe_unused]] const ssize_t written = ::write(call_.cancel_fd, &one, sizeof one);
  }
  bool cancelled() const noexcept { return cancelled_.load(); }

  std::string requests;
  std::string state;
  std::string result;
  int results = 0;

 private:
  static Round& self(void* host) { return *static_cast<Round*>(host); }

  int32_t look() {
    const std::lock_guard lock(mutex_);
    if (++into_.checkpoints == spec_.cancel_at) cancel();
    return cancelled() ? 1 : 0;
  }

  void log(int32_t level, std::string_view logger, std::string_view message) {
    constexpr std::array names{"debug", "info", "warning", "error"};
    const std::lock_guard lock(mutex_);
    const char* name = level >= 0 && level < 4 ? names.at(static_cast<std::size_t>(level)) : "info";
    into_.logs.push_back({name, std::string(logger), std::string(message)});
    if (!spec_.cancel_on_log.empty() && message.find(spec_.cancel_on_log) != std::string_view::npos)
      cancel();
  }

  opsroom_status keep(std::string_view name, std::string_view type, std::string bytes) {
    const std::lock_guard lock(mutex_);
    if (cancelled()) return OPSROOM_CANCELLED;
    into_.artifacts.push_back({std::string(name), std::string(type), std::move(bytes)});
    return OPSROOM_OK;
  }

  opsroom_text secret(std::string_view name) const {
    const auto found = options_.secrets.find(std::string(name));
    return found == options_.secrets.end() ? opsroom_text{nullptr, 0} : lend(found->second);
  }

  opsroom_status ask(std::string_view asked, void (*take)(void*, opsroom_text), void* user) {
    const json responses = answered(json::parse(asked), spec_, into_);
    if (responses.is_null()) return OPSROOM_INPUT_REQUIRED;
    const std::string text = responses.dump();
    take(user, lend(text));
    return OPSROOM_OK;
  }

  const void* extension(const char* id) const {
    static constexpr opsroom_secrets secrets{[](void* host, opsroom_text name) {
      return self(host).secret(view(name));
    }};
    static constexpr opsroom_elicit elicit{
        [](void* host, opsroom_text asked, void (*take)(void*, opsroom_text), void* user) {
          return self(host).ask(view(asked), take, user);
        }
    };
    static constexpr opsroom_artifact_file artifact_file{
        [](void* host, opsroom_text name, opsroom_text type, opsroom_text path) {
          return self(host).keep(view(name), view(type), file_bytes(std::string(view(path))));
        }
    };
    const std::string_view wanted = id;
    if (wanted == OPSROOM_EXT_SECRETS) return &secrets;
    if (wanted == OPSROOM_EXT_ARTIFACT_FILE) return &artifact_file;
    if (wanted == OPSROOM_EXT_ELICIT && options_.waits_in_place) return &elicit;
    return nullptr;
  }

  const CallSpec& spec_;
  const Options& options_;
  Result& into_;
  std::string context_;
  std::string workdir_;
  opsroom_call call_{};
  std::mutex mutex_;
  std::atomic<bool> cancelled_{false};
};

/// The plugin inside the test program.
class MemoryTool final : public Tool {
 public:
  MemoryTool(const opsroom_plugin& plugin, Options options)
      : plugin_(plugin), options_(std::move(options)) {
    const std::string config = options_.config.dump();
    if (plugin_.create(lend(config), &instance_) != OPSROOM_OK)
      throw std::runtime_error(std::string(plugin_.name) + " can't start; stderr says why");
  }
  ~MemoryTool() override { plugin_.destroy(instance_); }
  MemoryTool(const MemoryTool&) = delete;
  MemoryTool& operator=(const MemoryTool&) = delete;

  json manifest() override { return json::parse(view(plugin_.manifest())); }

  Result call(const CallSpec& spec) override {
    Result made;
    json context = spec.context;
    while (++made.rounds <= most_rounds) {
      Round round(spec, options_, made, context.dump());
      const opsroom_status status = invoke(spec, round);
      if (status != OPSROOM_INPUT_REQUIRED) {
        conclude(status, round, spec, made);
        return made;
      }
      const std::size_t before = made.questions.size();
      const json responses = answered(json::parse(round.requests), spec, made);
      if (responses.is_null() || made.questions.size() == before) {
        made.end = End::unanswered;
        return made;
      }
      context["inputResponses"] = responses;
      context["requestState"] = round.state;
    }
    made.raw = "it asks without end";
    return made;
  }

  json request(const std::string& method, const json& params) override {
    CallSpec spec;
    spec.tool = "opsroom:" + method;
    spec.arguments = params;
    const Result made = call(spec);
    if (made.end == End::unknown) throw std::runtime_error("the plugin does not serve " + method);
    if (made.end != End::completed) throw std::runtime_error(made.text());
    json plain = made.raw;
    plain.erase("content");
    return plain;
  }

 private:
  /// On a thread of its own, since the tool may never come back.
  opsroom_status invoke(const CallSpec& spec, Round& round) {
    const std::string arguments = spec.arguments.dump();
    std::mutex mutex;
    std::condition_variable changed;
    std::optional<opsroom_status> status;
    std::thread worker([&] {
      const opsroom_status ended =
          plugin_.invoke(instance_, lend(spec.tool), lend(arguments), &round.lent());
      const std::lock_guard lock(mutex);
      status = ended;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    const auto ended = [&] { return status.has_value(); };
    if (!changed.wait_for(lock, spec.timeout, ended)) {
      round.cancel();
      if (!changed.wait_for(lock, grace, ended)) {
        std::fprintf(
            stderr,
            "%s neither ended nor looked for a cancel; give it checkpoints\n",
            spec.tool.c_str()
        );
        std::abort();
      }
    }
    lock.unlock();
    worker.join();
    return *status;
  }

  void conclude(opsroom_status status, const Round& round, const CallSpec& spec, Result& into) {
    if (status == OPSROOM_UNKNOWN_TOOL) {
      into.end = End::unknown;
      return;
    }
    if (status == OPSROOM_CANCELLED && round.cancelled()) {
      into.end = End::cancelled;
      return;
    }
    json result = json::parse(round.result, nullptr, false);
    if (status == OPSROOM_OK && (round.results != 1 || !result.is_object())) {
      into.raw = round.results == 1 ? "its result is no JSON object in UTF-8"
                                    : "it handed in " + std::to_string(round.results) + " results";
      return;
    }
    if (result.is_object()) take_result(std::move(result), manifest(), spec.tool, into);
    if (status == OPSROOM_BAD_ARGUMENTS) into.end = End::refused;
    if (status != OPSROOM_OK && status != OPSROOM_BAD_ARGUMENTS) into.end = End::broken;
  }

  const opsroom_plugin& plugin_;
  const Options options_;
  void* instance_ = nullptr;
};

}  // namespace

std::unique_ptr<Tool> in_memory(const opsroom_plugin& plugin, Options options) {
  return std::make_unique<MemoryTool>(plugin, std::move(options));
}

}  // namespace opsroom::testkit
