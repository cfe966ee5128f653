#include "tools/inprocess_plugin.hpp"

#include "base/failure.hpp"
#include "tools/json_fields.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace opsroom::tools {
namespace {

using namespace std::chrono_literals;

constexpr Clock::duration longest_opening = 30s;
constexpr Clock::duration closing_grace = 2s;
constexpr Clock::duration between_looks = 1ms;
// A plugin that calls after its return finds what it was lent as long as that is here.
constexpr std::size_t entries_kept = 64;

Failure useless(const InprocessFile& file, const std::string& why, std::string hint) {
  return Failure(
      Code::unavailable, fmt::format("{} cannot be used: {}", file.title, why), std::move(hint)
  );
}

std::vector<Json> read_manifest(const opsroom_plugin& plugin, const InprocessFile& file) {
  const opsroom_text text = plugin.manifest();
  const std::string copy = text.data == nullptr ? std::string() : std::string(text.data, text.size);
  const Json manifest = parse_json(copy, file.title + ": its manifest");
  const Json* tools = field(manifest, "tools");
  if (tools == nullptr || !tools->is_array())
    throw useless(file, "its manifest has no array of tools", "`opsroom plugin check` says more.");
  return {tools->begin(), tools->end()};
}

}  // namespace

/// The library being loaded, by a thread that may not come back.
struct InprocessPlugin::Opening {
  Opening(asio::any_io_executor executor, InprocessFile loaded, std::string settings)
      : over(std::move(executor)), file(std::move(loaded)), config(std::move(settings)) {}

  /// On the lent thread.
  void work() {
    try {
      plugin = &load_inprocess(file);
      tools = std::make_shared<const std::vector<Json>>(read_manifest(*plugin, file));
      if (plugin->create({config.data(), config.size()}, &instance) != OPSROOM_OK)
        throw useless(file, "it did not start", "Its reason is on the worker's standard error.");
    } catch (const std::exception&) {
      failure = std::current_exception();
    } catch (...) {
      failure = std::make_exception_ptr(useless(file, "it let an exception escape", ""));
    }
    bell->ring();
  }

  Signal over;
  const InprocessFile file;
  const std::string config;
  std::shared_ptr<Bell> bell;
  const Clock::time_point latest = Clock::now() + longest_opening;
  bool settled = false;  ///< on the io thread; before, all below is the lent thread's
  const opsroom_plugin* plugin = nullptr;
  void* instance = nullptr;
  Tools tools;
  std::exception_ptr failure;
};

InprocessPlugin::InprocessPlugin(
    asio::any_io_executor executor, InprocessFile file, std::string config, Listener listener
)
    : executor_(executor),
      file_(std::move(file)),
      config_(std::move(config)),
      listener_(std::move(listener)),
      threads_("opsroom-plugin"),
      line_(executor, file_.title, 1) {}

InprocessPlugin::~InprocessPlugin() {
  if (opening_) opening_->bell->take_down();
  for (const Entry& entry : entries_)
    entry.bell->take_down();
}

Task<> InprocessPlugin::open(Clock::time_point until, Stop& stop) {
  if (plugin_ != nullptr) co_return;
  if (!opening_) opening_ = begin_opening();
  const std::shared_ptr<Opening> opening = opening_;
  const auto subscription = stop.subscribe([opening](StopReason) { opening->over.notify(); });
  const auto latest = std::min(until, opening->latest);
  while (!opening->settled && !stop.requested() && Clock::now() < latest)
    co_await opening->over.wait_for(latest - Clock::now());
  if (opening->settled && opening->failure) std::rethrow_exception(opening->failure);
  if (opening->settled) co_return;
  if (Clock::now() >= opening->latest) lose_thread("it was not loaded within 30 s", false);
  throw Failure(
      stop.requested() ? Code::canceled : Code::timeout,
      fmt::format(
          "{} was being loaded: {}",
          file_.title,
          stop.requested() ? stop_reason_name(stop.reason()) : "it took too long"
      )
  );
}

std::shared_ptr<InprocessPlugin::Opening> InprocessPlugin::begin_opening() {
  const auto opening = std::make_shared<Opening>(executor_, file_, config_);
  std::weak_ptr<InprocessPlugin> weak = weak_from_this();
  const auto settle = [weak, raw = opening.get()] {
    if (const auto self = weak.lock()) self->take(*raw);
  };
  opening->bell = std::make_shared<Bell>(executor_, settle);
  threads_.run([opening] { opening->work(); });
  return opening;
}

void InprocessPlugin::take(Opening& opening) {
  const auto ended = std::exchange(opening_, nullptr);
  opening.settled = true;
  opening.bell->take_down();
  if (!opening.failure) {
    plugin_ = opening.plugin;
    instance_ = opening.instance;
    tools_ = opening.tools;
  }
  opening.over.notify();
}

bool InprocessPlugin::promises_structure(const std::string& tool) const {
  for (const Json& listed : *tools_) {
    if (text_field(listed, "name") == tool) return field(listed, "outputSchema") != nullptr;
  }
  return false;
}

bool InprocessPlugin::concurrent() const {
  return (plugin_->flags & OPSROOM_CONCURRENT) != 0;
}

WaitingLine& InprocessPlugin::line(std::size_t most) {
  line_.set_limit(most);
  threads_.set_limit(most);
  return line_;
}

std::string InprocessPlugin::identity() const {
  return fmt::format("{} {} (in process)", plugin_->name, plugin_->version);
}

std::shared_ptr<Invocation> InprocessPlugin::enter(
    Invocation::Given given, std::function<void()> on_ring
) {
  forget_old_entries();
  // Filled in below: the bell comes first.
  const auto rung = std::make_shared<std::weak_ptr<Invocation>>();
  const auto hear = [weak = weak_from_this(), rung, on_ring = std::move(on_ring)] {
    const auto self = weak.lock();
    const auto invocation = rung->lock();
    if (!self || !invocation) return;
    self->look_at(*invocation);
    on_ring();
  };
  const auto bell = std::make_shared<Bell>(executor_, hear);
  const auto invocation = std::make_shared<Invocation>(std::move(given), bell);
  *rung = invocation;
  threads_.run([plugin = plugin_, instance = instance_, invocation] {
    invocation->enter(*plugin, instance);
  });
  entries_.push_back({invocation, bell});
  return invocation;
}

void InprocessPlugin::forget_old_entries() {
  while (entries_.size() >= entries_kept && entries_.front().invocation.use_count() == 1) {
    entries_.front().bell->take_down();
    entries_.pop_front();
  }
}

void InprocessPlugin::look_at(Invocation& invocation) {
  const std::string how = invocation.misbehaviour();
  if (!how.empty()) retire(fmt::format("plugin misbehaving: {}: {}", invocation.tool(), how));
}

void InprocessPlugin::retire(std::string why) {
  if (why == retired_) return;
  spdlog::error("{} is not used any more: {}", file_.title, why);
  if (!retired_.empty()) return;
  retired_ = std::move(why);
  listener_.on_retired(retired_);
}

void InprocessPlugin::lose_thread(std::string why, bool at_once) {
  ++lost_;
  retire(std::move(why));
  listener_.on_lost_thread(at_once);
}

Task<> InprocessPlugin::close() {
  if (plugin_ != nullptr && lost_ == 0) {
    threads_.run([plugin = plugin_, instance = instance_] { plugin->destroy(instance); });
    plugin_ = nullptr;
  }
  // A thread that must not block waits by looking.
  const auto patience = Clock::now() + closing_grace;
  while (!threads_.stop(lost_) && Clock::now() < patience)
    co_await pause_for(between_looks);
}

}  // namespace opsroom::tools
