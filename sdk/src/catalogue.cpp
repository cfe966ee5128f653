#include "catalogue.hpp"

#include "sha256.hpp"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace opsroom::sdk {
namespace {

bool good_name(const std::string& name) {
  constexpr auto allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
  return !name.empty() && name.size() <= 128 &&
         name.find_first_not_of(allowed) == std::string::npos;
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

TaskSupport task_support(const json& tool, const std::string& name) {
  const auto execution = tool.find("execution");
  if (execution == tool.end() || !execution->is_object()) return TaskSupport::forbidden;
  const std::string said = execution->value("taskSupport", "forbidden");
  if (said == "optional") return TaskSupport::optional;
  if (said == "required") return TaskSupport::required;
  if (said == "forbidden") return TaskSupport::forbidden;
  throw std::runtime_error(
      "tool " + name + ": execution.taskSupport must be forbidden, optional or required"
  );
}

/// How an item is listed: who speaks legacy knows no schema of results that are no objects, and
/// would take `execution` for the tasks of 2025-11-25, which are not served.
json listed(json item, Era era) {
  item.erase("execution");
  if (era == Era::modern) return item;
  const auto schema = item.find("outputSchema");
  if (schema != item.end() && schema->is_object() && schema->value("type", json()) != "object")
    item.erase(schema);
  return item;
}

json parsed_manifest(const opsroom_plugin& plugin) {
  const opsroom_text text = plugin.manifest();
  json manifest =
      text.data == nullptr ? json() : json::parse(text.data, text.data + text.size, nullptr, false);
  if (!manifest.is_object() || !manifest.contains("tools"))
    throw std::runtime_error("its manifest is no JSON object with a tools array");
  return manifest;
}

}  // namespace

Catalogue::Catalogue(const opsroom_plugin& plugin, const Terms& terms)
    : page_size_(terms.page_size), changes_(terms.changes) {
  if (terms.before != nullptr) keep_promises(*terms.before);
  const json manifest = parsed_manifest(plugin);
  take_list(manifest, "tools", "name");
  for (const json& tool : manifest["tools"])
    take_tool(tool);
  take_list(manifest, "resources", "uri");
  take_list(manifest, "resourceTemplates", "uriTemplate");
  take_list(manifest, "prompts", "name");
  // Who offers templates offers resources, and the other way round: one capability for both.
  if (lists_.contains("resources") || lists_.contains("resourceTemplates")) {
    lists_["resources"];
    lists_["resourceTemplates"];
  }
  if (manifest.contains("prompts"))
    for (const json& prompt : manifest["prompts"])
      prompts_.emplace(prompt["name"].get<std::string>(), prompt);
  const json completions = manifest.value("completions", json(false));
  completion_ = completions.is_object() || completions == true;
  instructions_ = text_of(manifest, "instructions");
}

void Catalogue::keep_promises(const Catalogue& before) {
  for (const auto& [name, list] : before.lists_)
    lists_[name];
  tasks_ = before.tasks_;
}

bool Catalogue::same_list(const Catalogue& other, const char* name) const {
  const auto ours = lists_.find(name);
  const auto theirs = other.lists_.find(name);
  if (ours == lists_.end() || theirs == other.lists_.end())
    return ours == lists_.end() && theirs == other.lists_.end();
  return ours->second.modern == theirs->second.modern;
}

std::vector<std::string> Catalogue::changed_since(const Catalogue& before) const {
  std::vector<std::string> changed;
  if (!same_list(before, "tools")) changed.push_back("tools");
  if (!same_list(before, "resources") || !same_list(before, "resourceTemplates"))
    changed.push_back("resources");
  if (!same_list(before, "prompts")) changed.push_back("prompts");
  return changed;
}

void Catalogue::take_list(const json& manifest, const char* name, const char* key) {
  const auto found = manifest.find(name);
  if (found == manifest.end()) return;
  if (!found->is_array())
    throw std::runtime_error(
        std::string("its manifest is no JSON object with a ") + name + " array"
    );
  List& list = lists_[name];
  std::set<std::string> keys;
  for (const json& item : *found) {
    const std::string label = item.is_object() ? text_of(item, key) : "";
    if (label.empty())
      throw std::runtime_error(
          std::string("its manifest has an entry of ") + name + " without a " + key
      );
    if (!keys.insert(label).second)
      throw std::runtime_error(std::string("two ") + name + " are called " + label);
    list.legacy.push_back(dumped(listed(item, Era::legacy)));
    list.modern.push_back(dumped(listed(item, Era::modern)));
  }
  list.print = hex(sha256(dumped(*found))).substr(0, 12);
}

void Catalogue::take_tool(const json& tool) {
  const auto name = tool["name"].get<std::string>();
  if (!good_name(name))
    throw std::runtime_error("tool name '" + name + "' is not [A-Za-z0-9_.-]{1,128}");
  const auto schema = tool.find("inputSchema");
  if (schema == tool.end() || !schema->is_object() || schema->value("type", json()) != "object")
    throw std::runtime_error("tool " + name + " has no inputSchema of type object");
  const TaskSupport support = task_support(tool, name);
  tasks_ = tasks_ || support != TaskSupport::forbidden;
  const json annotations = tool.value("annotations", json::object());
  const bool reads = annotations.is_object() && annotations.value("readOnlyHint", json()) == true;
  tools_.emplace(name, Tool{support, tool.contains("outputSchema"), reads});
}

const Catalogue::Tool* Catalogue::tool(std::string_view name) const {
  const auto found = tools_.find(name);
  return found == tools_.end() ? nullptr : &found->second;
}

const json* Catalogue::prompt(const std::string& name) const {
  const auto found = prompts_.find(name);
  return found == prompts_.end() ? nullptr : &found->second;
}

std::string_view Catalogue::list_of(std::string_view method) const {
  const std::string_view list = method == "tools/list"                 ? "tools"
                                : method == "resources/list"           ? "resources"
                                : method == "resources/templates/list" ? "resourceTemplates"
                                : method == "prompts/list"             ? "prompts"
                                                                       : "";
  return lists_.contains(list) ? list : std::string_view{};
}

std::size_t Catalogue::start_of(const List& list, const json& cursor) const {
  if (cursor.is_null()) return 0;
  const std::string text = cursor.is_string() ? cursor.get<std::string>() : "";
  std::size_t start = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), start);
  const std::string rest(end, text.data() + text.size());
  // Only what page() makes: the start of a further page of this very list.
  if (error != std::errc{} || rest != "." + list.print || page_size_ == 0 || start == 0 ||
      start % page_size_ != 0 || start >= list.modern.size())
    throw RpcError{code::invalid_params, "this cursor was not handed out here"};
  return start;
}

std::string Catalogue::page(std::string_view name, const json& params, Era era) const {
  const List& list = lists_.find(name)->second;
  const auto& items = era == Era::modern ? list.modern : list.legacy;
  const std::size_t start = start_of(list, params.value("cursor", json()));
  const std::size_t end =
      page_size_ == 0 ? items.size() : std::min(items.size(), start + page_size_);
  std::string members = "\"" + std::string(name) + "\":[";
  for (std::size_t i = start; i < end; ++i)
    members.append(i > start ? "," : "").append(items[i]);
  members += "]";
  if (end < items.size())
    members += ",\"nextCursor\":\"" + std::to_string(end) + "." + list.print + "\"";
  return members;
}

json Catalogue::capabilities(Era era) const {
  const json list = changes_ ? json{{"listChanged", true}} : json::object();
  json can{{"tools", list}, {"logging", json::object()}};
  if (offers_prompts()) can["prompts"] = list;
  if (offers_resources()) {
    can["resources"] = list;
    can["resources"]["subscribe"] = true;
  }
  if (completion_) can["completions"] = json::object();
  if (tasks_ && era == Era::modern) can["extensions"] = {{tasks_extension, json::object()}};
  return can;
}

}  // namespace opsroom::sdk
