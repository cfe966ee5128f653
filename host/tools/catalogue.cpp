#include "tools/catalogue.hpp"

#include "base/failure.hpp"
#include "base/text.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace opsroom::tools {
namespace {

bool hint_set(const Json& annotations, const char* name) {
  const auto found = annotations.find(name);
  return found != annotations.end() && *found == true;
}

Json object_at(const Json& tool, const char* key) {
  const auto found = tool.find(key);
  return found != tool.end() && found->is_object() ? *found : Json::object();
}

ToolDescriptor descriptor(const SourceConfig& source, const std::string& name, const Json& tool) {
  ToolDescriptor out;
  out.name = fmt::format("{}.{}", source.name, name);
  const auto description = tool.find("description");
  if (description != tool.end() && description->is_string()) {
    out.description = description->get<std::string>();
  }
  out.input_schema = object_at(tool, "inputSchema");
  const auto output = tool.find("outputSchema");
  if (output != tool.end()) out.output_schema = *output;
  out.annotations = object_at(tool, "annotations");
  out.safe_to_repeat = source.trusted && (hint_set(out.annotations, "readOnlyHint") ||
                                          hint_set(out.annotations, "idempotentHint"));
  return out;
}

std::string suggestion(const std::optional<std::string>& near) {
  return near ? fmt::format("Did you mean {}?", *near) : std::string();
}

}  // namespace

ToolName split_tool_name(std::string_view full) {
  const std::size_t dot = full.find('.');
  if (dot == std::string_view::npos) return {std::string(full), {}};
  return {std::string(full.substr(0, dot)), std::string(full.substr(dot + 1))};
}

std::shared_ptr<const SchemaChecks> OfferedTool::checks() const {
  if (!checks_) keep(compile());
  return checks_;
}

std::shared_ptr<const SchemaChecks> OfferedTool::compile() const {
  return std::make_shared<const SchemaChecks>(described_.input_schema, described_.output_schema);
}

void OfferedTool::keep(std::shared_ptr<const SchemaChecks> checks) const {
  if (checks_) return;
  checks_ = std::move(checks);
  for (const std::string& problem : checks_->problems()) {
    spdlog::warn("{}: nothing is checked by its {}", described_.name, problem);
  }
}

Offer::Offer(
    const SourceConfig& source,
    const std::vector<Json>& listed,
    const Offer* before,
    std::string pin
)
    : source_(source.name), pin_(std::move(pin)) {
  for (const Json& tool : listed) {
    const std::string name = tool.at("name").get<std::string>();
    if (!source.filter.admits(name)) continue;
    auto described = descriptor(source, name, tool);
    if (before != nullptr) {
      const auto same = before->tools_.find(name);
      const bool shared = same != before->tools_.end() && same->second->listed() == tool &&
                          same->second->described().safe_to_repeat == described.safe_to_repeat;
      if (shared) {
        tools_.emplace(name, same->second);
        continue;
      }
    }
    tools_.emplace(name, std::make_shared<const OfferedTool>(std::move(described), tool));
  }
}

std::shared_ptr<const OfferedTool> Offer::find(const std::string& full_name) const {
  const std::string tool = split_tool_name(full_name).tool;
  const auto found = tools_.find(tool);
  if (found != tools_.end()) return found->second;
  std::vector<std::string> names;
  names.reserve(tools_.size());
  for (const auto& [name, offered] : tools_)
    names.push_back(name);
  auto near = nearest(tool, names);
  if (near) near = fmt::format("{}.{}", source_, *near);
  throw Failure(
      Code::not_found,
      fmt::format("unknown tool '{}': source '{}' has {}", full_name, source_, listing(names)),
      suggestion(near)
  );
}

std::vector<std::shared_ptr<const OfferedTool>> Offer::all() const {
  std::vector<std::shared_ptr<const OfferedTool>> out;
  out.reserve(tools_.size());
  for (const auto& [name, tool] : tools_)
    out.push_back(tool);
  return out;
}

const SourceConfig& Catalogue::source_of(const std::string& full_name) const {
  const ToolName name = split_tool_name(full_name);
  const auto found = config_.sources.find(name.source);
  if (found != config_.sources.end() && !name.tool.empty()) return found->second;
  if (found != config_.sources.end()) {
    throw Failure(
        Code::not_found,
        fmt::format("'{}' names no tool, only the source '{}'", full_name, name.source),
        fmt::format("Write {}.<tool>.", name.source)
    );
  }
  auto near = nearest(name.source, config_.names());
  if (near && !name.tool.empty()) *near += "." + name.tool;
  throw Failure(
      Code::not_found,
      fmt::format(
          "unknown tool '{}': there is no source '{}', only {}",
          full_name,
          name.source,
          listing(config_.names())
      ),
      near ? suggestion(near) : std::string("Add the source to tools.json.")
  );
}

std::shared_ptr<const Offer> Catalogue::store(
    const SourceConfig& source, const std::vector<Json>& tools, std::string pin
) {
  const auto before = offer(source.name);
  auto fresh = std::make_shared<const Offer>(source, tools, before.get(), std::move(pin));
  listed_[source.name] = fresh;
  return fresh;
}

std::shared_ptr<const Offer> Catalogue::offer(const std::string& source) const {
  const auto found = listed_.find(source);
  return found == listed_.end() ? nullptr : found->second;
}

const ToolDescriptor& Catalogue::find(const std::string& full_name) const {
  return listed_.at(split_tool_name(full_name).source)->find(full_name)->described();
}

std::vector<ToolDescriptor> Catalogue::all(const std::string& source) const {
  std::vector<ToolDescriptor> out;
  for (const auto& tool : listed_.at(source)->all())
    out.push_back(tool->described());
  return out;
}

void Catalogue::check_filter(const SourceConfig& source, const std::string& full_name) {
  if (source.filter.admits(split_tool_name(full_name).tool)) return;
  throw Failure(
      Code::forbidden,
      fmt::format("tool '{}' is not allowed here", full_name),
      fmt::format("The lists \"allow\" and \"deny\" at {} decide.", source.place)
  );
}

}  // namespace opsroom::tools
