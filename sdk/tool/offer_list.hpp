#pragma once
#include "uri_template.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <opsroom/tool/offers.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace opsroom::tool::detail {

/// Resources, prompts and completions of one plugin instance, behind the reserved names of
/// plugin.h.
class OfferList {
 public:
  void resource(const ResourceInfo& info, ResourceRun run);
  void prompt(
      const std::string& name,
      const std::string& description,
      const StructShape& arguments,
      PromptRun run
  );
  void complete(const std::string& of, const std::string& argument, CompleteRun run);

  void add_to(json& manifest) const;

  bool knows(std::string_view name) const;

  json invoke(std::string_view name, const json& params, Call& call) const;

 private:
  struct Resource {
    ResourceInfo info;
    UriTemplate uri;
    ResourceRun run;
  };
  struct Prompt {
    std::string name;
    std::string description;
    json arguments;
    PromptRun run;
  };
  using Argument = std::pair<std::string, std::string>;

  bool knows_argument(const std::string& of, const std::string& argument) const;

  json read_resource(const std::string& uri, Call& call) const;

  json get_prompt(const json& params, Call& call) const;

  json completion(const json& params) const;

  std::vector<std::string> suggestions(
      const Argument& argument, const std::string& typed, const Variables& others
  ) const;

  std::vector<Resource> resources_;
  std::vector<Prompt> prompts_;
  std::map<Argument, CompleteRun> completers_;
  /// What an argument can only be.
  std::map<Argument, std::vector<std::string>> known_;
};

/// Reads the arguments of a prompt, which MCP sends as strings whatever they are: a field that is
/// no text is read as the JSON the string holds.
void read_prompt(const StructShape& shape, json given, void* args);

}  // namespace opsroom::tool::detail
