#pragma once

#include "base/failure.hpp"
#include "base/json.hpp"
#include "model/tool.hpp"
#include "tools/expand.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace opsroom::tools {

/// Replaces secrets by `[redacted:NAME]`, as they are and in the forms in which tools like to show
/// them: base64 (both alphabets, at any offset), hexadecimal, percent-encoded, JSON-escaped, and
/// each long line of a secret of many lines for itself. Secrets shorter than 4 bytes cannot be told
/// from ordinary text and stay. Never changes; any thread.
class Redactor {
 public:
  static constexpr std::size_t shortest = 4;

  Redactor() = default;
  explicit Redactor(const std::vector<Secret>& secrets);

  bool empty() const { return patterns_.empty(); }

  bool finds(std::string_view text) const;
  std::string text(std::string text) const;
  /// Strings, keys, and numbers that are a secret's digits.
  void json(Json& value) const;
  Failure failure(const Failure& failure) const;
  /// All that people may see of it; what a suspended call needs to go on stays as it is.
  void result(ToolResult& result) const;

 private:
  friend class RedactingStream;

  struct Pattern {
    std::string bytes;
    std::uint32_t secret;  ///< index of its placeholder
  };
  struct Range {
    std::size_t begin;
    std::size_t end;
    std::uint32_t secret;
  };

  void add(std::string bytes, std::uint32_t secret);
  void add_forms(const std::string& value, std::uint32_t secret);
  void index();
  void choose_placeholders(const std::vector<Secret>& secrets);
  std::vector<Range> find(std::string_view text) const;
  std::string replace(std::string_view text, const std::vector<Range>& ranges) const;
  /// Where a secret may begin of which `text` holds only the beginning; its size when nowhere.
  std::size_t unfinished(std::string_view text) const;

  std::vector<Pattern> patterns_;          ///< by the two bytes that end their common prefix
  std::vector<std::string> placeholders_;  ///< by secret
  std::size_t prefix_ = 0;                 ///< length of the shortest pattern
  std::size_t longest_ = 0;
  std::vector<std::uint8_t> shifts_;  ///< by two bytes: how far no pattern can end its prefix
  std::vector<std::pair<std::uint32_t, std::uint32_t>> buckets_;  ///< by two bytes: of patterns_
  std::array<bool, 256> begins_{};  ///< some pattern begins with that byte
  bool numeric_ = false;            ///< some secret could be written as a number
};

/// Redacts a stream that comes in pieces: what may be the beginning of a secret is held back until
/// more comes.
class RedactingStream {
 public:
  /// `redactor` outlives the stream.
  explicit RedactingStream(const Redactor& redactor) : redactor_(redactor) {}

  /// What can be shown now.
  std::string feed(std::string_view bytes);
  /// The rest, when nothing more will come.
  std::string finish();
  /// What is being held back.
  const std::string& held() const { return held_; }

 private:
  const Redactor& redactor_;
  std::string held_;
};

}  // namespace opsroom::tools
