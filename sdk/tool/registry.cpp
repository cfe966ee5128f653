#include "offer_list.hpp"
#include "shapes.hpp"

#include <functional>
#include <map>
#include <opsroom/tool/registry.hpp>
#include <stdexcept>

namespace opsroom::tool {
namespace {

json annotations(const Hints& hints) {
  json made{
      {"readOnlyHint", hints.read_only},
      {"destructiveHint", hints.destructive && !hints.read_only},
      {"idempotentHint", hints.idempotent},
      {"openWorldHint", hints.open_world}
  };
  if (*hints.title != '\0') made["title"] = hints.title;
  return made;
}

json schema_of(detail::ShapeOf shape, detail::Direction way) {
  json made;
  detail::make_schema(shape(), way, made);
  return made;
}

}  // namespace

struct Registry::Inside {
  json config = json::object();
  bool configured = false;
  json manifest = json::array();
  std::map<std::string, detail::ToolRun, std::less<>> tools;
  detail::OfferList offers;
};

Registry::Registry() : inside_(std::make_unique<Inside>()) {}

Registry::Registry(const json& config) : Registry() {
  inside_->config = config;
  inside_->configured = true;
}

Registry::~Registry() = default;

const json& Registry::config() const noexcept {
  return inside_->config;
}

void Registry::read_settings(const detail::Shape& shape, void* settings) const {
  if (!inside_->configured) return;
  try {
    detail::read_value(shape, inside_->config, "/config", settings);
  } catch (const BadArguments& error) {
    throw std::runtime_error(
        std::string(error.what()) +
        "; it is set in tools.json, in the \"config\" object of this plugin"
    );
  }
}

void Registry::add_tool(const Entry& entry, detail::ToolRun run) {
  json shown{
      {"name", entry.name},
      {"description", entry.description},
      {"inputSchema", schema_of(entry.arguments, detail::Direction::in)},
      {"annotations", annotations(entry.hints)}
  };
  if (*entry.hints.title != '\0') shown["title"] = entry.hints.title;
  if (entry.output != nullptr)
    shown["outputSchema"] = schema_of(entry.output, detail::Direction::out);
  if (entry.hints.tasks != Tasks::forbidden)
    shown["execution"]["taskSupport"] =
        entry.hints.tasks == Tasks::required ? "required" : "optional";
  if (!inside_->tools.emplace(entry.name, std::move(run)).second)
    throw std::logic_error("two tools are called " + entry.name);
  inside_->manifest.push_back(std::move(shown));
}

void Registry::add_resource(const ResourceInfo& info, detail::ResourceRun run) {
  inside_->offers.resource(info, std::move(run));
}

void Registry::add_prompt(
    const std::string& name,
    const std::string& description,
    const detail::Shape& arguments,
    detail::PromptRun run
) {
  inside_->offers.prompt(
      name, description, detail::as<detail::StructShape>(arguments), std::move(run)
  );
}

void Registry::add_completion(
    const std::string& of, const std::string& argument, detail::CompleteRun run
) {
  inside_->offers.complete(of, argument, std::move(run));
}

void Registry::read_prompt_arguments(const detail::Shape& shape, const json& given, void* args) {
  detail::read_prompt(detail::as<detail::StructShape>(shape), given, args);
}

json Registry::manifest() const {
  json made{{"tools", inside_->manifest}};
  inside_->offers.add_to(made);
  return made;
}

bool Registry::knows(std::string_view tool) const {
  return inside_->tools.find(tool) != inside_->tools.end() || inside_->offers.knows(tool);
}

json Registry::invoke(std::string_view tool, const json& arguments, Call& call) {
  const auto found = inside_->tools.find(tool);
  if (found == inside_->tools.end()) return inside_->offers.invoke(tool, arguments, call);
  json result;
  found->second.run(found->second.handler.get(), arguments, call, result);
  return result;
}

}  // namespace opsroom::tool
