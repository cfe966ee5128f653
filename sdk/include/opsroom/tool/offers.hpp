#pragma once
#include <functional>
#include <map>
#include <opsroom/tool/call.hpp>
#include <opsroom/tool/reply.hpp>
#include <opsroom/tool/uri_template.hpp>
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

  void resource(const ResourceInfo& info, ReadResource read_resource);
  void prompt(
      std::string name,
      json entry,
      std::map<std::string, Complete> completers,
      std::function<json(const json&, Call&)> run
  );
  void complete(const std::string& of, const std::string& argument, Complete complete);

  void add_to(json& manifest) const;

  bool knows(std::string_view name) const;

  json invoke(std::string_view name, const json& params, Call& call) const;

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

  bool knows_argument(const std::string& of, const std::string& argument) const;

  json read_resource(const std::string& uri, Call& call) const;

  json get_prompt(const json& params, Call& call) const;

  json completion(const json& params) const;

  std::vector<Resource> resources_;
  std::vector<Prompt> prompts_;
  std::map<std::pair<std::string, std::string>, Complete> completers_;
};

namespace detail {

json resource_content(std::string text);
json resource_content(const Bytes& bytes);

json prompt_result(const std::vector<Message>& messages, const std::string& description);

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
