#pragma once
#include <cstdint>
#include <opsroom/tool.hpp>
#include <optional>
#include <string>

namespace opsroom::files {

struct ReadArgs {
  std::string path;
  std::int64_t first_line = 1;
  std::optional<std::int64_t> lines;
  std::int64_t max_bytes = std::int64_t{256} << 10;
  std::string encoding = "text";
  std::int64_t offset = 0;

  static constexpr auto fields() {
    using tool::field;
    using tool::option;
    return tool::fields(
        field("path", &ReadArgs::path, "The file, relative to the working directory and inside it")
            .not_empty(),
        field("first_line", &ReadArgs::first_line, "For text: the first line to read").at_least(1),
        field("lines", &ReadArgs::lines, "For text: how many lines; else to the end").at_least(1),
        field("max_bytes", &ReadArgs::max_bytes, "Reads at most so much; the result says so")
            .at_least(1)
            .at_most(8 << 20),
        field("encoding", &ReadArgs::encoding, "base64 for a file that is no UTF-8 text")
            .one_of({"text", "base64"}),
        option(
            "offset", &ReadArgs::offset, "The first byte to read; for text instead of first_line"
        )
            .at_least(0)
    );
  }
};

struct ReadResult {
  std::string path;
  std::string encoding;
  std::string content;
  std::int64_t size = 0;
  std::int64_t bytes = 0;
  std::optional<std::int64_t> lines;
  bool truncated = false;
  std::optional<std::int64_t> next_line;
  std::optional<std::int64_t> next_offset;

  static constexpr auto fields() {
    using tool::field;
    return tool::fields(
        field("path", &ReadResult::path, "As it was given"),
        field("encoding", &ReadResult::encoding, "text or base64"),
        field("content", &ReadResult::content, "What was read"),
        field("size", &ReadResult::size, "Of the whole file, in bytes"),
        field("bytes", &ReadResult::bytes, "How many of them were read"),
        field("lines", &ReadResult::lines, "How many lines were read; null for base64"),
        field("truncated", &ReadResult::truncated, "Whether max_bytes ended it"),
        field("next_line", &ReadResult::next_line, "The line to go on with, or null"),
        field(
            "next_offset",
            &ReadResult::next_offset,
            "Or the byte to go on with: for base64, or within a long line"
        )
    );
  }
};

/// Reads a file, or a range of its lines.
tool::Outcome<ReadResult> read_file(const ReadArgs& args, tool::Call& call);

}  // namespace opsroom::files
