#include "tools/redactor.hpp"

#include "tools/secret_forms.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace opsroom::tools {
namespace {

constexpr std::size_t all_pairs = 1u << 16;

std::size_t pair_at(std::string_view text, std::size_t at) {
  return (static_cast<std::size_t>(static_cast<unsigned char>(text[at])) << 8) |
         static_cast<unsigned char>(text[at + 1]);
}

bool may_be_a_number(const std::string& value) {
  return value.find_first_not_of("0123456789.+-eE") == std::string::npos;
}

}  // namespace

Redactor::Redactor(const std::vector<Secret>& secrets) {
  for (std::size_t i = 0; i < secrets.size(); ++i) {
    add_forms(secrets[i].value, static_cast<std::uint32_t>(i));
    numeric_ = numeric_ || may_be_a_number(secrets[i].value);
  }
  if (patterns_.empty()) return;
  index();
  choose_placeholders(secrets);
}

void Redactor::add(std::string bytes, std::uint32_t secret) {
  if (bytes.size() < shortest) return;
  const auto same = [&](const Pattern& pattern) { return pattern.bytes == bytes; };
  if (std::any_of(patterns_.begin(), patterns_.end(), same)) return;
  patterns_.push_back({std::move(bytes), secret});
}

void Redactor::add_forms(const std::string& value, std::uint32_t secret) {
  if (value.size() < shortest) return;
  for (std::string& form : secret_forms(value))
    add(std::move(form), secret);
}

// Wu and Manber's search: the text is looked at in steps as long as no pattern's prefix can end at
// the two bytes seen.
void Redactor::index() {
  prefix_ = patterns_.front().bytes.size();
  for (const Pattern& pattern : patterns_) {
    prefix_ = std::min(prefix_, pattern.bytes.size());
    longest_ = std::max(longest_, pattern.bytes.size());
  }
  prefix_ = std::min<std::size_t>(prefix_, 255);
  const auto ending = [this](const Pattern& pattern) {
    return pair_at(pattern.bytes, prefix_ - 2);
  };
  std::sort(patterns_.begin(), patterns_.end(), [&](const Pattern& a, const Pattern& b) {
    return ending(a) < ending(b);
  });
  shifts_.assign(all_pairs, static_cast<std::uint8_t>(prefix_ - 1));
  buckets_.assign(all_pairs, {0, 0});
  for (std::uint32_t i = 0; i < patterns_.size(); ++i) {
    const std::string& bytes = patterns_[i].bytes;
    begins_[static_cast<unsigned char>(bytes.front())] = true;
    for (std::size_t at = 0; at + 1 < prefix_; ++at) {
      auto& shift = shifts_[pair_at(bytes, at)];
      shift = std::min(shift, static_cast<std::uint8_t>(prefix_ - 2 - at));
    }
    auto& [first, last] = buckets_[ending(patterns_[i])];
    if (first == last) first = i;
    last = i + 1;
  }
}

// What stands for a secret must not show one: a secret may be part of the word or of its own name.
void Redactor::choose_placeholders(const std::vector<Secret>& secrets) {
  for (const Secret& secret : secrets) {
    const std::array<std::string, 4> candidates{
        fmt::format("[redacted:{}]", secret.name), "[redacted]", "<hidden>", ""
    };
    const auto fits =
        std::find_if(candidates.begin(), candidates.end(), [this](const std::string& word) {
          return !finds(word);
        });
    placeholders_.push_back(*fits);
  }
}

std::vector<Redactor::Range> Redactor::find(std::string_view text) const {
  std::vector<Range> found;
  if (patterns_.empty()) return found;
  std::size_t at = prefix_ - 2;  // Of the two bytes that would end a prefix.
  while (at + 1 < text.size()) {
    const std::size_t pair = pair_at(text, at);
    if (shifts_[pair] > 0) {
      at += shifts_[pair];
      continue;
    }
    const std::size_t begin = at + 2 - prefix_;
    const std::string_view rest = text.substr(begin);
    const auto [first, last] = buckets_[pair];
    std::size_t longest = 0;
    std::uint32_t secret = 0;
    for (std::uint32_t i = first; i < last; ++i) {
      const Pattern& pattern = patterns_[i];
      if (pattern.bytes.size() <= longest || !rest.starts_with(pattern.bytes)) continue;
      longest = pattern.bytes.size();
      secret = pattern.secret;
    }
    if (longest > 0) {
      // Secrets that overlap go together: what is left of the second would tell of it.
      if (!found.empty() && begin < found.back().end) {
        found.back().end = std::max(found.back().end, begin + longest);
      } else {
        found.push_back({begin, begin + longest, secret});
      }
    }
    ++at;
  }
  return found;
}

std::string Redactor::replace(std::string_view text, const std::vector<Range>& ranges) const {
  std::string out;
  std::size_t from = 0;
  for (const Range& range : ranges) {
    out += text.substr(from, range.begin - from);
    out += placeholders_[range.secret];
    from = range.end;
  }
  out += text.substr(from);
  return out;
}

bool Redactor::finds(std::string_view text) const {
  return !find(text).empty();
}

std::string Redactor::text(std::string text) const {
  if (patterns_.empty()) return text;
  const auto ranges = find(text);
  if (ranges.empty()) return text;
  return replace(text, ranges);
}

void Redactor::json(Json& value) const {
  if (patterns_.empty()) return;
  if (value.is_string()) {
    auto& string = value.get_ref<std::string&>();
    const auto ranges = find(string);
    if (!ranges.empty()) string = replace(string, ranges);
  } else if (value.is_array()) {
    for (Json& entry : value)
      json(entry);
  } else if (value.is_object()) {
    std::vector<std::string> revealing;
    for (auto& [key, entry] : value.items()) {
      json(entry);
      if (finds(key)) revealing.push_back(key);
    }
    for (const std::string& key : revealing) {
      Json entry = std::move(value[key]);
      value.erase(key);
      value[text(key)] = std::move(entry);
    }
  } else if (numeric_ && value.is_number()) {
    const std::string digits = dump(value);
    if (finds(digits)) value = text(digits);
  }
}

Failure Redactor::failure(const Failure& failure) const {
  return Failure(
      failure.code(), text(failure.message()), text(failure.hint()), failure.retryable()
  );
}

void Redactor::result(ToolResult& result) const {
  if (patterns_.empty()) return;
  json(result.output.json());
  result.error = text(std::move(result.error));
  result.hint = text(std::move(result.hint));
  for (ArtifactDraft& artifact : result.artifacts) {
    artifact.name = text(std::move(artifact.name));
    artifact.media_type = text(std::move(artifact.media_type));
    artifact.content = text(std::move(artifact.content));
    json(artifact.meta);
  }
  for (CallRecord& record : result.records) {
    if (record.server) record.server = std::make_shared<const std::string>(text(*record.server));
  }
  if (!result.suspended) return;
  result.suspended->why = text(std::move(result.suspended->why));
  for (InputAsk& ask : result.suspended->asks)
    json(ask.params);
}

std::size_t Redactor::unfinished(std::string_view text) const {
  if (patterns_.empty()) return text.size();
  std::size_t at = text.size() < longest_ ? 0 : text.size() - longest_ + 1;
  for (; at < text.size(); ++at) {
    if (!begins_[static_cast<unsigned char>(text[at])]) continue;
    const std::string_view rest = text.substr(at);
    const auto goes_on = [rest](const Pattern& pattern) {
      return pattern.bytes.size() > rest.size() && pattern.bytes.starts_with(rest);
    };
    if (std::any_of(patterns_.begin(), patterns_.end(), goes_on)) return at;
  }
  return text.size();
}

std::string RedactingStream::feed(std::string_view bytes) {
  held_ += bytes;
  std::size_t cut = redactor_.unfinished(held_);
  auto ranges = redactor_.find(held_);
  // A secret that is all there goes out as a whole, though it could be the beginning of another.
  for (const auto& range : ranges) {
    if (range.begin < cut && cut < range.end) cut = range.end;
  }
  std::erase_if(ranges, [cut](const auto& range) { return range.begin >= cut; });
  std::string safe = redactor_.replace(std::string_view(held_).substr(0, cut), ranges);
  held_.erase(0, cut);
  return safe;
}

std::string RedactingStream::finish() {
  return redactor_.text(std::exchange(held_, {}));
}

}  // namespace opsroom::tools
