#pragma once
#include <memory>
#include <opsroom/tool/shape_of.hpp>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace opsroom::tool {

/// A part of a result beside its first text, as MCP has it. Media types are the author's word;
/// bytes travel as base64, so big files are better handed in as artifacts.
class Content {
 public:
  /// Any content of MCP's; the functions below make the usual ones.
  explicit Content(const json& item);

  const json& item() const noexcept { return *item_; }

 private:
  std::shared_ptr<const json> item_;
};

Content text_content(const std::string& text);
Content image(std::string_view bytes, const std::string& media_type);
Content audio(std::string_view bytes, const std::string& media_type);
/// A pointer to something the client may fetch by itself.
Content resource_link(
    const std::string& uri,
    const std::string& name,
    const std::string& media_type = "",
    const std::string& description = ""
);
/// A resource that comes along: as text, or as bytes of any kind.
Content embedded_text(
    const std::string& uri, const std::string& text, const std::string& media_type
);
Content embedded_bytes(
    const std::string& uri, std::string_view bytes, const std::string& media_type
);

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

/// What a handler may return.
template <class T>
concept Result =
    Described<T> || std::is_same_v<T, Reply> || std::is_convertible_v<T, std::string> ||
    !std::is_void_v<typename Structured<T>::type>;

// What a handler returned, as an MCP CallToolResult.
void put_text(json& result, const std::string& text);
void put_reply(json& result, const Reply& reply);
void put_data(json& result, const Shape& shape, const void* data);
void put_outcome(json& result, const Shape& shape, const void* data, const Reply& words);

template <class T>
void put_result(json& result, const T& returned) {
  using Data = typename Structured<T>::type;
  if constexpr (Described<T>)
    put_data(result, shape_of<T>(), &returned);
  else if constexpr (!std::is_void_v<Data>)
    put_outcome(
        result, shape_of<Data>(), &returned.value, {returned.text, returned.failed, returned.more}
    );
  else if constexpr (std::is_same_v<T, Reply>)
    put_reply(result, returned);
  else if constexpr (std::is_convertible_v<T, std::string>)
    put_text(result, returned);
}

}  // namespace detail
}  // namespace opsroom::tool
