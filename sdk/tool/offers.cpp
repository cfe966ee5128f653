#include <algorithm>
#include <opsroom/tool/offers.hpp>
#include <stdexcept>

namespace opsroom::tool {
namespace {

std::string text_of(const json& params, const char* key) {
  return read<std::string>(params.value(key, json()), std::string("/") + key);
}

}  // namespace

void Offers::resource(const ResourceInfo& info, ReadResource read_resource) {
  resources_.push_back({info, detail::UriTemplate(info.uri), std::move(read_resource)});
}

void Offers::prompt(
    std::string name,
    json entry,
    std::map<std::string, Complete> completers,
    std::function<json(const json&, Call&)> run
) {
  for (auto& [argument, complete] : completers)
    completers_[{name, argument}] = std::move(complete);
  prompts_.push_back({std::move(name), std::move(entry), std::move(run)});
}

void Offers::complete(const std::string& of, const std::string& argument, Complete complete) {
  if (!knows_argument(of, argument))
    throw std::logic_error(
        "complete(" + of + ", " + argument + "): register its prompt or resource template first"
    );
  completers_[{of, argument}] = std::move(complete);
}

void Offers::add_to(json& manifest) const {
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

bool Offers::knows(std::string_view name) const {
  return (name == "opsroom:resources/read" && !resources_.empty()) ||
         (name == "opsroom:prompts/get" && !prompts_.empty()) ||
         (name == "opsroom:completion/complete" && !completers_.empty());
}

json Offers::invoke(std::string_view name, const json& params, Call& call) const {
  if (name == "opsroom:resources/read") return read_resource(text_of(params, "uri"), call);
  if (name == "opsroom:prompts/get") return get_prompt(params, call);
  return completion(params);
}

bool Offers::knows_argument(const std::string& of, const std::string& argument) const {
  for (const Resource& each : resources_)
    if (each.info.uri == of && each.uri.has(argument)) return true;
  for (const Prompt& each : prompts_)
    for (const json& known : each.entry["arguments"])
      if (each.name == of && known["name"] == argument) return true;
  return false;
}

json Offers::read_resource(const std::string& uri, Call& call) const {
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

json Offers::get_prompt(const json& params, Call& call) const {
  const std::string name = text_of(params, "name");
  for (const Prompt& each : prompts_)
    if (each.name == name) return each.run(params.value("arguments", json::object()), call);
  throw BadArguments("/name", "there is no prompt " + detail::shown(name));
}

json Offers::completion(const json& params) const {
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

namespace detail {

json resource_content(std::string text) {
  return {{"text", std::move(text)}};
}

json resource_content(const Bytes& bytes) {
  return {{"blob", base64(bytes.data)}};
}

json prompt_result(const std::vector<Message>& messages, const std::string& description) {
  json list = json::array();
  for (const Message& each : messages)
    list.push_back({{"role", each.role}, {"content", each.content.item}});
  return {{"description", description}, {"messages", std::move(list)}};
}

}  // namespace detail
}  // namespace opsroom::tool
