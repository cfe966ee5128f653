#include "base/log.hpp"

#include "base/failure.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_color_sinks.h>

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

}  // namespace

void set_up_log(std::string_view process, std::string_view level) {
  auto logger = spdlog::stderr_color_mt(std::string(process));
  logger->set_pattern("%H:%M:%S.%e %-7n %^%-5l%$ %v");
  logger->set_level(level_named(level));
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

}  // namespace opsroom
