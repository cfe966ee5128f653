#pragma once
#include <map>
#include <memory>
#include <opsroom/tool/call.hpp>
#include <opsroom/tool/reply.hpp>
#include <string>
#include <utility>
#include <vector>

namespace opsroom::tool {

/// What is said about a resource, or about all that fit a template.
struct ResourceInfo {
  std::string uri;   ///< "notes:///today"; of a template "notes:///{name}" or "file:///{+path}"
  std::string name;  ///< short, for programs
  std::string description = "";
  std::string media_type = "text/plain";
};

/// A resource's content that is no text.
struct Bytes {
  std::string data;
};

/// One message of a prompt.
struct Message {
  std::string role;  ///< "user" or "assistant"
  Content content;
};
inline Message user(const std::string& text) {
  return {"user", text_content(text)};
}
inline Message assistant(const std::string& text) {
  return {"assistant", text_content(text)};
}

using Variables = std::map<std::string, std::string>;

namespace detail {

/// An author's function of whatever type; who calls it knows how.
using Held = std::unique_ptr<void, void (*)(void*)>;

template <class Function>
Held hold(Function function) {
  return {new Function(std::move(function)), [](void* held) {
            delete static_cast<Function*>(held);
          }};
}

struct ToolRun {
  Held handler;
  void (*run)(void* handler, const json& arguments, Call& call, json& result);
};
struct ResourceRun {
  Held handler;
  void (*run)(void* handler, const Variables& variables, Call& call, json& content);
};
struct PromptRun {
  Held handler;
  std::vector<Message> (*run)(void* handler, const json& arguments, Call& call);
};
struct CompleteRun {
  Held handler;
  std::vector<std::string> (*run)(void* handler, const std::string& typed, const Variables& others);
};

void put_content(json& content, const std::string& text);
void put_content(json& content, const Bytes& bytes);

}  // namespace detail
}  // namespace opsroom::tool
