#pragma once
#include <algorithm>
#include <functional>
#include <map>
#include <opsroom/tool/call.hpp>
#include <opsroom/tool/reply.hpp>
#include <opsroom/tool/uri_template.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
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
inline Message user(std::string text) {
  return {"user", text_content(std::move(text))};
}
inline Message assistant(std::string text) {
  return {"assistant", text_content(std::move(text))};
}

using Variables = std::map<std::string, std::string>;

/// Resources, prompts and completions of one plugin instance, behind the reserved names of
/// plugin.h.
class Offers {
 public:
  using ReadResource = std::function<json(const Variables&, Call&)>;
  using Complete =
      std::function<std::vector<std::string>(const std::string& typed, const Variables& others)>;

  void resource(const ResourceInfo& info, ReadResource read_resource) {
    resources_.push_back({info, detail::UriTemplate(info.uri), std::move(read_resource)});
  }
  void prompt(
      std::string name,
      json entry,
      std::map<std::string, Complete> completers,
      std::function<json(const json&, Call&)> run
  ) {
    for (auto& [argument, complete] : completers)
      completers_[{name, argument}] = std::move(complete);
    prompts_.push_back({std::move(name), std::move(entry), std::move(run)});
  }
  void complete(const std::string& of, const std::string& argument, Complete complete) {
    if (!knows_argument(of, argument))
      throw std::logic_error(
          "complete(" + of + ", " + argument + "): register its prompt or resource template first"
      );
    completers_[{of, argument}] = std::move(complete);
  }

  void add_to(json& manifest) const {
    for (const Resource& each : resources_) {
      const bool fixed = each.info.uri.find('{') == std::string::npos;
      json entry{{"name", each.info.name}, {"mimeType", each.info.media_type}};
      entry[fixed ? "uri" : "uriTemplate"] = each.info.uri;
      if (!each.info.description.empty()) entry["description"] = each.info.description;
      manifest[fixed ? "resources" : "resourceTemplates"].push_back(std::move(entry));
    }
    for (const Prompt& each : prompts_)
      manifest["prompts"].push_back(each.entry);
    if (!completers_.empty()) manifest["completions"] = true;
  }

  bool knows(std::string_view name) const {
    return (name == "opsroom:resources/read" && !resources_.empty()) ||
           (name == "opsroom:prompts/get" && !prompts_.empty()) ||
           (name == "opsroom:completion/complete" && !completers_.empty());
  }

  json invoke(std::string_view name, const json& params, Call& call) const {
    if (name == "opsroom:resources/read") return read_resource(text_of(params, "uri"), call);
    if (name == "opsroom:prompts/get") return get_prompt(params, call);
    return completion(params);
  }

 private:
  struct Resource {
    ResourceInfo info;
    detail::UriTemplate uri;
    ReadResource read;
  };
  struct Prompt {
    std::string name;
    json entry;
    std::function<json(const json&, Call&)> run;
  };

  static std::string text_of(const json& params, const char* key) {
    return read<std::string>(params.value(key, json()), std::string("/") + key);
  }

  bool knows_argument(const std::string& of, const std::string& argument) const {
    for (const Resource& each : resources_)
      if (each.info.uri == of && each.uri.has(argument)) return true;
    for (const Prompt& each : prompts_)
      for (const json& known : each.entry["arguments"])
        if (each.name == of && known["name"] == argument) return true;
    return false;
  }

  json read_resource(const std::string& uri, Call& call) const {
    for (const Resource& each : resources_) {
      const auto variables = each.uri.match(uri);
      if (!variables) continue;
      json content = each.read(*variables, call);
      content["uri"] = uri;
      content["mimeType"] = each.info.media_type;
      return {{"contents", json::array({std::move(content)})}};
    }
    throw BadArguments("/uri", "there is no resource " + detail::shown(uri));
  }

  json get_prompt(const json& params, Call& call) const {
    const std::string name = text_of(params, "name");
    for (const Prompt& each : prompts_)
      if (each.name == name) return each.run(params.value("arguments", json::object()), call);
    throw BadArguments("/name", "there is no prompt " + detail::shown(name));
  }

  json completion(const json& params) const {
    const json ref = params.value("ref", json::object());
    const std::string of =
        ref.value("type", "") == "ref/resource" ? ref.value("uri", "") : ref.value("name", "");
    const json argument = params.value("argument", json::object());
    const auto typed = read<std::string>(argument.value("value", json()), "/argument/value");
    const auto others = read<Variables>(
        params.value("context", json::object()).value("arguments", json::object()),
        "/context/arguments"
    );
    std::vector<std::string> values;
    const auto found = completers_.find({of, argument.value("name", "")});
    if (found != completers_.end()) values = found->second(typed, others);
    std::erase_if(values, [&](const std::string& each) { return !each.starts_with(typed); });
    constexpr std::size_t most = 100;
    json made{{"total", values.size()}, {"hasMore", values.size() > most}};
    if (values.size() > most) values.resize(most);
    made["values"] = values;
    return {{"completion", std::move(made)}};
  }

  std::vector<Resource> resources_;
  std::vector<Prompt> prompts_;
  std::map<std::pair<std::string, std::string>, Complete> completers_;
};

namespace detail {

inline json resource_content(std::string text) {
  return {{"text", std::move(text)}};
}
inline json resource_content(const Bytes& bytes) {
  return {{"blob", base64(bytes.data)}};
}

inline json prompt_result(const std::vector<Message>& messages, const std::string& description) {
  json list = json::array();
  for (const Message& each : messages)
    list.push_back({{"role", each.role}, {"content", each.content.item}});
  return {{"description", description}, {"messages", std::move(list)}};
}

/// The arguments of a prompt, which MCP sends as strings whatever they are: a field that is no text
/// is read as the JSON the string holds.
template <Described Args>
Args read_prompt_arguments(json given) {
  if (!given.is_object()) return read<Args>(given, "/arguments");
  for_each_field<Args>([&](const auto& field) {
    using Value = typename Innermost<typename std::decay_t<decltype(field)>::value_type>::type;
    constexpr bool text = std::is_same_v<Value, std::string> || std::is_enum_v<Value>;
    const auto found = given.find(field.name);
    if (text || found == given.end() || !found->is_string()) return;
    json parsed = json::parse(found->template get<std::string>(), nullptr, false);
    if (!parsed.is_discarded()) *found = std::move(parsed);
  });
  return read<Args>(given, "/arguments");
}

/// What a prompt's field can only be, for its completion; empty when that is anything.
template <class Owner, class T>
std::vector<std::string> known_values(const Field<Owner, T>& field) {
  using Value = typename Innermost<T>::type;
  std::vector<std::string> values(
      field.choices.begin(), field.choices.begin() + static_cast<std::ptrdiff_t>(field.choice_count)
  );
  if constexpr (DescribedEnum<Value>)
    for (const Named<Value>& each : describe(Value{}))
      values.emplace_back(each.name);
  if constexpr (std::is_same_v<Value, bool>) values = {"true", "false"};
  return values;
}

template <Described Args>
json prompt_entry(
    const std::string& name,
    const std::string& description,
    std::map<std::string, Offers::Complete>& completers
) {
  json arguments = json::array();
  const Args start{};
  for_each_field<Args>([&](const auto& field) {
    arguments.push_back(
        {{"name", field.name},
         {"description", field.description},
         {"required", !may_be_absent(field, start)}}
    );
    if (auto values = known_values(field); !values.empty())
      completers[field.name] = [values](const std::string&, const Variables&) { return values; };
  });
  return {{"name", name}, {"description", description}, {"arguments", std::move(arguments)}};
}

}  // namespace detail
}  // namespace opsroom::tool
