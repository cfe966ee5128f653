#include "tools/surface_differences.hpp"

#include "base/text.hpp"
#include "schema/uri.hpp"
#include "tools/surface.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace opsroom::tools {
namespace {

constexpr std::size_t longest_value = 300;

std::string shortened(const Json* value) {
  if (value == nullptr) return "(absent)";
  const std::string text = visible(dump(*value));
  if (text.size() <= longest_value) return text;
  return fmt::format(
      "{}... ({} bytes)", printable_utf8(text.substr(0, longest_value)), text.size()
  );
}

const Json* member_of(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() ? nullptr : &*found;
}

void differ(
    const Json* was, const Json* now, const std::string& pointer, std::vector<std::string>& lines
);

void differ_members(
    const Json& was, const Json& now, const std::string& pointer, std::vector<std::string>& lines
) {
  std::set<std::string> keys;
  for (const Json* side : {&was, &now}) {
    for (const auto& [key, value] : side->items())
      keys.insert(key);
  }
  for (const std::string& key : keys) {
    const Json* before = member_of(was, key);
    const Json* after = member_of(now, key);
    differ(before, after, fmt::format("{}/{}", pointer, visible(schema::escape_token(key))), lines);
  }
}

void differ(
    const Json* was, const Json* now, const std::string& pointer, std::vector<std::string>& lines
) {
  if (was == nullptr && now == nullptr) return;
  if (was != nullptr && now != nullptr) {
    if (*was == *now) return;
    if (was->is_object() && now->is_object()) {
      differ_members(*was, *now, pointer, lines);
      return;
    }
    if (was->is_array() && now->is_array() && was->size() == now->size()) {
      for (std::size_t i = 0; i < was->size(); ++i)
        differ(&(*was)[i], &(*now)[i], fmt::format("{}/{}", pointer, i), lines);
      return;
    }
  }
  lines.push_back(fmt::format("{}: {} -> {}", pointer, shortened(was), shortened(now)));
}

/// The lines that are not common to both ends of the texts, as - and +.
void differ_text(
    const std::string& was,
    const std::string& now,
    std::string_view what,
    std::vector<std::string>& lines
) {
  const auto before = split_lines(was);
  const auto after = split_lines(now);
  const std::size_t shorter = std::min(before.size(), after.size());
  std::size_t head = 0;
  while (head < shorter && before[head] == after[head])
    ++head;
  std::size_t tail = 0;
  while (tail < shorter - head && before[before.size() - 1 - tail] == after[after.size() - 1 - tail]
  )
    ++tail;
  lines.push_back(fmt::format("{}:", what));
  for (std::size_t i = head; i < before.size() - tail; ++i)
    lines.push_back("  - " + visible(before[i]));
  for (std::size_t i = head; i < after.size() - tail; ++i)
    lines.push_back("  + " + visible(after[i]));
  // Only a line break at the end, which no line shows.
  if (head + tail == before.size() && head + tail == after.size()) {
    const Json old_text = was;
    const Json new_text = now;
    lines.push_back(fmt::format("  {} -> {}", shortened(&old_text), shortened(&new_text)));
  }
}

}  // namespace

std::vector<std::string> tool_differences(const Json& was, const Json& now) {
  std::vector<std::string> lines;
  for (const char* member : {"title", "description"}) {
    const Json* before = member_of(was, member);
    const Json* after = member_of(now, member);
    const bool texts =
        (before == nullptr || before->is_string()) && (after == nullptr || after->is_string());
    if (!texts) {
      differ(before, after, member, lines);
      continue;
    }
    const std::string old_text = before == nullptr ? "" : before->get<std::string>();
    const std::string new_text = after == nullptr ? "" : after->get<std::string>();
    if (old_text != new_text) differ_text(old_text, new_text, member, lines);
  }
  for (const char* member : {"inputSchema", "outputSchema", "annotations"}) {
    std::vector<std::string> found;
    differ(member_of(was, member), member_of(now, member), "", found);
    for (const std::string& line : found)
      lines.push_back(fmt::format("{}{}{}", member, line.starts_with(':') ? "" : " ", line));
  }
  return lines;
}

}  // namespace opsroom::tools
