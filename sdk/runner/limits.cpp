#include "limits.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <sys/resource.h>

namespace opsroom::runner {
namespace {

const std::map<std::string_view, __rlimit_resource>& resources() {
  static const std::map<std::string_view, __rlimit_resource> table{
      {"as", RLIMIT_AS},
      {"data", RLIMIT_DATA},
      {"stack", RLIMIT_STACK},
      {"fsize", RLIMIT_FSIZE},
      {"cpu", RLIMIT_CPU},
      {"nofile", RLIMIT_NOFILE},
      {"nproc", RLIMIT_NPROC},
      {"core", RLIMIT_CORE}
  };
  return table;
}

[[noreturn]] void bad(std::string_view part, const std::string& reason) {
  throw std::invalid_argument("limit '" + std::string(part) + "': " + reason);
}

rlim_t amount(std::string_view part, std::string_view text) {
  rlim_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  const int shift = unit.empty() ? 0 : unit == "K" ? 10 : unit == "M" ? 20 : unit == "G" ? 30 : -1;
  if (error != std::errc{} || shift < 0 || value > (RLIM_INFINITY >> shift))
    bad(part, "write it like as=2G, with a number and an optional K, M or G");
  return value << shift;
}

void apply_one(std::string_view part) {
  const std::size_t equals = part.find('=');
  const auto found = resources().find(part.substr(0, equals));
  if (equals == std::string_view::npos || found == resources().end())
    bad(part, "known are as, data, stack, fsize, cpu, nofile, nproc and core, as in core=0");
  const rlim_t value = amount(part, part.substr(equals + 1));
  const rlimit limit{value, value};
  if (::setrlimit(found->second, &limit) != 0) bad(part, std::strerror(errno));
}

}  // namespace

void apply_limits(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    if (end > at) apply_one(text.substr(at, end - at));
    at = end + 1;
  }
}

}  // namespace opsroom::runner
