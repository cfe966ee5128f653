#include "model/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace opsroom {
namespace {

constexpr std::string_view digits = "0123456789abcdef";
constexpr std::string_view key_characters = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
constexpr std::string_view blanks = " \t";
constexpr std::size_t parent_length = 55;  // 00-<32>-<16>-<2>
constexpr int known_flags = 3;
constexpr std::size_t most_members = 32;
constexpr std::size_t longest_key = 256;
constexpr std::size_t longest_value = 256;
constexpr std::size_t longest_tenant = 241;
constexpr std::size_t longest_system = 14;

bool only(std::string_view text, std::string_view allowed) {
  return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_zero(std::string_view text) {
  return only(text, "0");
}

int hex(std::string_view two) {
  return static_cast<int>(digits.find(two[0]) * 16 + digits.find(two[1]));
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}

bool is_key(std::string_view key) {
  const auto at = key.find('@');
  if (at == std::string_view::npos) {
    return !key.empty() && key.size() <= longest_key && is_lower(key[0]) &&
           only(key, key_characters);
  }
  const auto tenant = key.substr(0, at);
  const auto system = key.substr(at + 1);
  const bool tenant_fits = !tenant.empty() && tenant.size() <= longest_tenant &&
                           (is_lower(tenant[0]) || (tenant[0] >= '0' && tenant[0] <= '9'));
  return tenant_fits && !system.empty() && system.size() <= longest_system && is_lower(system[0]) &&
         only(tenant, key_characters) && only(system, key_characters);
}

bool is_value(std::string_view value) {
  const auto allowed = [](char c) { return c >= ' ' && c <= '~' && c != ',' && c != '='; };
  return !value.empty() && value.size() <= longest_value &&
         std::all_of(value.begin(), value.end(), allowed);
}

std::string_view stripped(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

/// Whether all members are valid, and none has the key of another.
bool is_list(std::string_view list) {
  std::set<std::string_view> keys;
  while (true) {
    const auto comma = list.find(',');
    const auto member = stripped(list.substr(0, comma));
    if (!member.empty()) {
      const auto equals = member.find('=');
      if (equals == std::string_view::npos) return false;
      const auto key = member.substr(0, equals);
      if (!is_key(key) || !is_value(member.substr(equals + 1))) return false;
      if (!keys.insert(key).second || keys.size() > most_members) return false;
    }
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

std::optional<TraceParent> trace_parent(std::string_view header) {
  header = stripped(header);
  if (header.size() < parent_length) return std::nullopt;
  const auto version = header.substr(0, 2);
  const auto trace = header.substr(3, 32);
  const auto span = header.substr(36, 16);
  const auto flags = header.substr(53, 2);
  const bool in_shape = header[2] == '-' && header[35] == '-' && header[52] == '-' &&
                        only(version, digits) && only(trace, digits) && only(span, digits) &&
                        only(flags, digits);
  if (!in_shape || version == "ff" || is_zero(trace) || is_zero(span)) return std::nullopt;
  // A later version may say more behind what is known of it.
  const bool longer = header.size() > parent_length;
  if (longer && (version == "00" || header[parent_length] != '-')) return std::nullopt;
  return TraceParent{std::string(trace), std::string(span), hex(flags) & known_flags};
}

std::string to_string(const TraceParent& parent) {
  return fmt::format("00-{}-{}-{:02x}", parent.trace, parent.span, parent.flags);
}

std::string trace_state(const std::vector<std::string>& fields) {
  std::string list;
  for (const std::string& field : fields) {
    const auto part = stripped(field);
    if (part.empty()) continue;
    if (!list.empty()) list += ',';
    list += part;
  }
  return is_list(list) ? list : std::string();
}

}  // namespace opsroom
