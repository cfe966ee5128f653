#pragma once
#include <opsroom/tool/schema.hpp>
#include <opsroom/tool/write.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace opsroom::tool {

namespace detail {

std::string base64(std::string_view bytes);

}  // namespace detail

/// A part of a result beside its first text, as MCP has it. Media types are the author's word;
/// bytes travel as base64, so big files are better handed in as artifacts.
struct Content {
  json item;
};

inline Content text_content(std::string text) {
  return {{{"type", "text"}, {"text", std::move(text)}}};
}
inline Content image(std::string_view bytes, std::string media_type) {
  return {{{"type", "image"}, {"data", detail::base64(bytes)}, {"mimeType", std::move(media_type)}}
  };
}
inline Content audio(std::string_view bytes, std::string media_type) {
  return {{{"type", "audio"}, {"data", detail::base64(bytes)}, {"mimeType", std::move(media_type)}}
  };
}
/// A pointer to something the client may fetch by itself.
inline Content resource_link(
    std::string uri, std::string name, std::string media_type = "", std::string description = ""
) {
  json item{{"type", "resource_link"}, {"uri", std::move(uri)}, {"name", std::move(name)}};
  if (!media_type.empty()) item["mimeType"] = std::move(media_type);
  if (!description.empty()) item["description"] = std::move(description);
  return {std::move(item)};
}
/// A resource that comes along: as text, or as bytes of any kind.
inline Content embedded_text(std::string uri, std::string text, std::string media_type) {
  return {
      {{"type", "resource"},
       {"resource",
        {{"uri", std::move(uri)}, {"mimeType", std::move(media_type)}, {"text", std::move(text)}}}}
  };
}
inline Content embedded_bytes(std::string uri, std::string_view bytes, std::string media_type) {
  return {
      {{"type", "resource"},
       {"resource",
        {{"uri", std::move(uri)},
         {"mimeType", std::move(media_type)},
         {"blob", detail::base64(bytes)}}}}
  };
}

/// A result in words, and perhaps in pictures: reply("a chart").with(image(bytes, "image/png")).
struct Reply {
  std::string text;
  bool failed = false;
  std::vector<Content> more{};

  /// Adds a part behind the text and what was added before.
  Reply with(Content content) && {
    more.push_back(std::move(content));
    return std::move(*this);
  }
  Reply with(Content content) const& { return Reply(*this).with(std::move(content)); }
};

inline Reply reply(std::string text) {
  return {std::move(text), false, {}};
}

/// The tool could not do its work; the text says what went wrong and what helps.
inline Reply failure(std::string text) {
  return {std::move(text), true, {}};
}

/// A result in data and in words. A failed one still carries its data, so that a runbook can look
/// at it.
template <Described Value>
struct Outcome {
  Value value;
  std::string text;
  bool failed = false;
  std::vector<Content> more{};
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

json text_result(const std::string& text, bool failed);

json text_result(const std::string& text, bool failed, const std::vector<Content>& more);

/// What a handler returned, as an MCP CallToolResult.
template <class T>
json as_result(const T& returned) {
  if constexpr (is_outcome<T>) {
    json result = text_result(returned.text, returned.failed, returned.more);
    result["structuredContent"] = write(returned.value);
    return result;
  } else if constexpr (std::is_same_v<T, Reply>) {
    return text_result(returned.text, returned.failed, returned.more);
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
