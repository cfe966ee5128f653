#include "base/log.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <atomic>
#include <memory>
#include <utility>

namespace opsroom {
namespace {

spdlog::level::level_enum level_named(std::string_view word) {
  if (word == "debug") return spdlog::level::debug;
  if (word == "info" || word.empty()) return spdlog::level::info;
  if (word == "warn") return spdlog::level::warn;
  if (word == "error") return spdlog::level::err;
  throw Failure(
      Code::invalid,
      fmt::format("OPSROOM_LOG is '{}'", word),
      "It must be debug, info, warn or error."
  );
}

using Filter = std::function<std::string(std::string)>;

/// One for the process, as the log is. Shared, so that a line under way keeps the one it began
/// with.
std::shared_ptr<const Filter>& filter_slot() {
  static std::shared_ptr<const Filter> slot;
  return slot;
}

/// Hands every line on as the filter leaves it.
class FilteringSink : public spdlog::sinks::sink {
 public:
  explicit FilteringSink(spdlog::sink_ptr next) : next_(std::move(next)) {}

  void log(const spdlog::details::log_msg& message) override {
    const auto filter = std::atomic_load(&filter_slot());
    if (!filter || !*filter) return next_->log(message);
    const std::string text = (*filter)(std::string(message.payload.data(), message.payload.size()));
    spdlog::details::log_msg filtered = message;
    filtered.payload = text;
    next_->log(filtered);
  }

  void flush() override { next_->flush(); }
  void set_pattern(const std::string& pattern) override { next_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    next_->set_formatter(std::move(formatter));
  }

 private:
  spdlog::sink_ptr next_;
};

}  // namespace

void set_log_filter(Filter filter) {
  std::atomic_store(&filter_slot(), std::make_shared<const Filter>(std::move(filter)));
}

void set_up_log(std::string_view process, std::string_view level) {
  auto terminal = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  auto sink = std::make_shared<FilteringSink>(std::move(terminal));
  auto logger = std::make_shared<spdlog::logger>(std::string(process), std::move(sink));
  logger->set_pattern("%H:%M:%S.%e %-7n %^%-5l%$ %v");
  logger->set_level(level_named(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace opsroom
