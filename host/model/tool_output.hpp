#pragma once

#include "base/json.hpp"

#include <optional>
#include <string>
#include <utility>

namespace opsroom {

/// What a tool said, as a value. Most say a text and nothing else: it becomes {"text": ...} when
/// somebody looks at it, and not on the way of every call. One thread at a time, for reading too.
class ToolOutput {
 public:
  ToolOutput() = default;
  ToolOutput(Json value) : value_(std::move(value)) {}
  static ToolOutput of_text(std::string text) {
    ToolOutput output;
    output.text_ = std::move(text);
    return output;
  }

  const Json& json() const {
    if (text_) {
      value_ = Json::object();
      value_.emplace("text", std::move(*text_));
      text_.reset();
    }
    return value_;
  }
  Json& json() { return const_cast<Json&>(std::as_const(*this).json()); }
  operator const Json&() const { return json(); }

  // The most usual ways to look at it.
  const Json& operator[](const char* key) const { return json().at(key); }
  const Json& at(const char* key) const { return json().at(key); }
  template <class Value>
  auto value(const char* key, Value otherwise) const {
    return json().value(key, std::move(otherwise));
  }
  friend bool operator==(const ToolOutput& one, const ToolOutput& other) {
    return one.json() == other.json();
  }

 private:
  mutable Json value_;
  mutable std::optional<std::string> text_;  ///< instead of the value
};

}  // namespace opsroom
