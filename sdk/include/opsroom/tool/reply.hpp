#pragma once
#include <opsroom/tool/schema.hpp>
#include <opsroom/tool/write.hpp>
#include <string>
#include <utility>

namespace opsroom::tool {

/// A result in words only.
struct Reply {
  std::string text;
  bool failed = false;
};

inline Reply reply(std::string text) {
  return {std::move(text), false};
}

/// The tool could not do its work; the text says what went wrong and what helps.
inline Reply failure(std::string text) {
  return {std::move(text), true};
}

/// A result in data and in words. A failed one still carries its data, so that a runbook can look
/// at it.
template <Described Value>
struct Outcome {
  Value value;
  std::string text;
  bool failed = false;
};

namespace detail {

template <class T>
inline constexpr bool is_outcome = false;
template <class T>
inline constexpr bool is_outcome<Outcome<T>> = true;

/// The struct behind a handler's return type, for the outputSchema; void when there is only text.
template <class T>
struct Structured {
  using type = void;
};
template <Described T>
struct Structured<T> {
  using type = T;
};
template <class T>
struct Structured<Outcome<T>> {
  using type = T;
};

inline json text_result(const std::string& text, bool failed) {
  json result{{"content", json::array({json{{"type", "text"}, {"text", text}}})}};
  if (failed) result["isError"] = true;
  return result;
}

/// What a handler returned, as an MCP CallToolResult.
template <class T>
json as_result(const T& returned) {
  if constexpr (is_outcome<T>) {
    json result = text_result(returned.text, returned.failed);
    result["structuredContent"] = write(returned.value);
    return result;
  } else if constexpr (std::is_same_v<T, Reply>) {
    return text_result(returned.text, returned.failed);
  } else if constexpr (Described<T>) {
    json data = write(returned);
    json result = text_result(data.dump(-1, ' ', false, json::error_handler_t::replace), false);
    result["structuredContent"] = std::move(data);
    return result;
  } else {
    return text_result(returned, false);
  }
}

}  // namespace detail
}  // namespace opsroom::tool
