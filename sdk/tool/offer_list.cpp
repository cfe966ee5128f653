#include "offer_list.hpp"

#include "shapes.hpp"

#include <algorithm>
#include <stdexcept>

namespace opsroom::tool::detail {
namespace {

std::string text_of(const json& params, const char* key) {
  return read<std::string>(params.value(key, json()), std::string("/") + key);
}

/// What a prompt's field can only be; empty when that is anything.
std::vector<std::string> known_values(const FieldShape& field) {
  const Limits& limits = field.limits;
  std::vector<std::string> values(limits.choices, limits.choices + limits.choice_count);
  const Shape& shape = innermost(field.shape());
  if (shape.kind == Kind::boolean) values = {"true", "false"};
  if (shape.kind == Kind::choice)
    for (const auto& each : as<ChoiceShape>(shape).all)
      values.emplace_back(each.name);
  return values;
}

}  // namespace

void OfferList::resource(const ResourceInfo& info, ResourceRun run) {
  resources_.push_back({info, UriTemplate(info.uri), std::move(run)});
}

void OfferList::prompt(
    const std::string& name,
    const std::string& description,
    const StructShape& arguments,
    PromptRun run
) {
  json list = json::array();
  const auto describe = [&](const void* start) {
    for (const FieldShape& each : arguments.fields) {
      list.push_back(
          {{"name", each.limits.name},
           {"description", each.limits.description},
           {"required", !may_be_absent(each, start)}}
      );
      if (auto values = known_values(each); !values.empty())
        known_[{name, each.limits.name}] = std::move(values);
    }
  };
  arguments.with_fresh(look_with(describe));
  prompts_.push_back({name, description, std::move(list), std::move(run)});
}

void OfferList::complete(const std::string& of, const std::string& argument, CompleteRun run) {
  if (!knows_argument(of, argument))
    throw std::logic_error(
        "complete(" + of + ", " + argument + "): register its prompt or resource template first"
    );
  completers_.insert_or_assign({of, argument}, std::move(run));
}

void OfferList::add_to(json& manifest) const {
  for (const Resource& each : resources_) {
    const bool fixed = each.info.uri.find('{') == std::string::npos;
    json entry{{"name", each.info.name}, {"mimeType", each.info.media_type}};
    entry[fixed ? "uri" : "uriTemplate"] = each.info.uri;
    if (!each.info.description.empty()) entry["description"] = each.info.description;
    manifest[fixed ? "resources" : "resourceTemplates"].push_back(std::move(entry));
  }
  for (const Prompt& each : prompts_)
    manifest["prompts"].push_back(
        {{"name", each.name}, {"description", each.description}, {"arguments", each.arguments}}
    );
  if (!completers_.empty() || !known_.empty()) manifest["completions"] = true;
}

bool OfferList::knows(std::string_view name) const {
  return (name == "opsroom:resources/read" && !resources_.empty()) ||
         (name == "opsroom:prompts/get" && !prompts_.empty()) ||
         (name == "opsroom:completion/complete" && (!completers_.empty() || !known_.empty()));
}

json OfferList::invoke(std::string_view name, const json& params, Call& call) const {
  if (name == "opsroom:resources/read") return read_resource(text_of(params, "uri"), call);
  if (name == "opsroom:prompts/get") return get_prompt(params, call);
  return completion(params);
}

bool OfferList::knows_argument(const std::string& of, const std::string& argument) const {
  for (const Resource& each : resources_)
    if (each.info.uri == of && each.uri.has(argument)) return true;
  for (const Prompt& each : prompts_)
    for (const json& known : each.arguments)
      if (each.name == of && known["name"] == argument) return true;
  return false;
}

json OfferList::read_resource(const std::string& uri, Call& call) const {
  for (const Resource& each : resources_) {
    const auto variables = each.uri.match(uri);
    if (!variables) continue;
    json content;
    each.run.run(each.run.handler.get(), *variables, call, content);
    content["uri"] = uri;
    content["mimeType"] = each.info.media_type;
    return {{"contents", json::array({std::move(content)})}};
  }
  throw BadArguments("/uri", "there is no resource " + shown(uri));
}

json OfferList::get_prompt(const json& params, Call& call) const {
  const std::string name = text_of(params, "name");
  for (const Prompt& each : prompts_) {
    if (each.name != name) continue;
    const json given = params.value("arguments", json::object());
    json messages = json::array();
    for (const Message& message : each.run.run(each.run.handler.get(), given, call))
      messages.push_back({{"role", message.role}, {"content", message.content.item()}});
    return {{"description", each.description}, {"messages", std::move(messages)}};
  }
  throw BadArguments("/name", "there is no prompt " + shown(name));
}

std::vector<std::string> OfferList::suggestions(
    const Argument& argument, const std::string& typed, const Variables& others
) const {
  if (const auto found = completers_.find(argument); found != completers_.end())
    return found->second.run(found->second.handler.get(), typed, others);
  const auto found = known_.find(argument);
  return found == known_.end() ? std::vector<std::string>{} : found->second;
}

json OfferList::completion(const json& params) const {
  const json ref = params.value("ref", json::object());
  const std::string of =
      ref.value("type", "") == "ref/resource" ? ref.value("uri", "") : ref.value("name", "");
  const json argument = params.value("argument", json::object());
  const auto typed = read<std::string>(argument.value("value", json()), "/argument/value");
  const auto others = read<Variables>(
      params.value("context", json::object()).value("arguments", json::object()),
      "/context/arguments"
  );
  std::vector<std::string> values = suggestions({of, argument.value("name", "")}, typed, others);
  std::erase_if(values, [&](const std::string& each) { return !each.starts_with(typed); });
  constexpr std::size_t most = 100;
  json made{{"total", values.size()}, {"hasMore", values.size() > most}};
  if (values.size() > most) values.resize(most);
  made["values"] = values;
  return {{"completion", std::move(made)}};
}

void read_prompt(const StructShape& shape, json given, void* args) {
  if (given.is_object())
    for (const FieldShape& each : shape.fields) {
      const Kind kind = innermost(each.shape()).kind;
      const auto found = given.find(each.limits.name);
      if (kind == Kind::text || kind == Kind::choice || found == given.end() || !found->is_string())
        continue;
      json parsed = json::parse(found->get_ref<const std::string&>(), nullptr, false);
      if (!parsed.is_discarded()) *found = std::move(parsed);
    }
  read_value(shape, given, "/arguments", args);
}

}  // namespace opsroom::tool::detail
