// The server that the official suite tests: written with the typed layer, except for what only the
// ABI can say (several questions at once, questions to models, errors of the protocol).
#include "fixture_tools.hpp"

#include <opsroom/extensions.h>
#include <poll.h>

namespace opsroom::conformance {
namespace {

using tool::json;
using tool::lend;
using tool::view;

void add_typed(tool::Registry& tools) {
  add_basics(tools);
  add_questions(tools);
  add_long_jobs(tools);
}

constexpr opsroom_plugin typed =
    tool::plugin<add_typed>("conformance-fixture", "1.0.0", OPSROOM_CONCURRENT);

json sampling(const char* text, int tokens) {
  const json content{{"type", "text"}, {"text", text}};
  const json message{{"role", "user"}, {"content", content}};
  return {
      {"method", "sampling/createMessage"},
      {"params", {{"messages", json::array({message})}, {"maxTokens", tokens}}}
  };
}

json roots() {
  return {{"method", "roots/list"}, {"params", json::object()}};
}

json elicitation(const char* question, const char* name) {
  return {
      {"method", "elicitation/create"},
      {"params", {{"mode", "form"}, {"message", question}, {"requestedSchema", text_form(name)}}}
  };
}

opsroom_status say(const opsroom_call& call, const std::string& text) {
  const json result{{"content", json::array({{{"type", "text"}, {"text", text}}})}};
  const std::string dumped = result.dump();
  call.result(call.host, lend(dumped));
  return OPSROOM_OK;
}

/// Asks all of `requests`, or tells the answers once they are there.
opsroom_status ask(const opsroom_call& call, const json& requests) {
  const json context = json::parse(view(call.context));
  json answers = json::parse(context.value("requestState", "{}"));
  answers.update(context.value("inputResponses", json::object()));
  for (const auto& [key, request] : requests.items()) {
    if (answers.contains(key)) continue;
    const std::string text = requests.dump();
    const std::string state = answers.dump();
    call.need_input(call.host, lend(text), lend(state));
    return OPSROOM_INPUT_REQUIRED;
  }
  return say(call, "answered: " + answers.dump());
}

/// Asks only for what the client can do.
opsroom_status ask_what_it_can(const opsroom_call& call) {
  const auto* client =
      static_cast<const opsroom_client*>(call.extension(call.host, OPSROOM_EXT_CLIENT));
  const json can = json::parse(view(client->capabilities(call.host)));
  json requests = json::object();
  if (can.contains("sampling"))
    requests["capital"] = sampling("What is the capital of France?", 100);
  if (can.contains("elicitation")) requests["name"] = elicitation("What is your name?", "name");
  return ask(call, requests);
}

void rest(const opsroom_call& call, int milliseconds) {
  pollfd wait{call.cancel_fd, POLLIN, 0};
  ::poll(&wait, 1, milliseconds);
}

opsroom_status ask_two_after_a_while(const opsroom_call& call) {
  if (!json::parse(view(call.context)).contains("inputResponses")) rest(call, 400);
  return ask(
      call, {{"first", elicitation("First?", "name")}, {"second", elicitation("Second?", "name")}}
  );
}

opsroom_status break_the_protocol(const opsroom_call& call) {
  rest(call, 400);
  return OPSROOM_UNKNOWN_TOOL;
}

opsroom_status ask_all_kinds(const opsroom_call& call) {
  return ask(
      call,
      {{"user_name", elicitation("What is your name?", "name")},
       {"greeting", sampling("Generate a greeting", 50)},
       {"client_roots", roots()}}
  );
}

opsroom_status ask_for_a_capital(const opsroom_call& call) {
  return ask(call, {{"capital_question", sampling("What is the capital of France?", 100)}});
}

opsroom_status touch_the_watched(const opsroom_call& call) {
  const auto* changes =
      static_cast<const opsroom_changes*>(call.extension(call.host, OPSROOM_EXT_CHANGES));
  changes->resource_updated(call.host, lend("test://watched-resource"));
  changes->resource_updated(call.host, lend("test://static-text"));
  return say(call, "touched");
}

opsroom_status ask_by_url(const opsroom_call& call) {
  const json params{
      {"mode", "url"},
      {"message", "Sign in"},
      {"url", "https://example.com/sign-in"},
      {"elicitationId", "1"}
  };
  return ask(call, {{"sign_in", {{"method", "elicitation/create"}, {"params", params}}}});
}

opsroom_status ask_for_roots(const opsroom_call& call) {
  return ask(call, {{"client_roots", roots()}});
}

const std::map<std::string_view, opsroom_status (*)(const opsroom_call&)>& raw_tools() {
  static const std::map<std::string_view, opsroom_status (*)(const opsroom_call&)> table{
      {"test_sampling", ask_for_a_capital},
      {"test_missing_capability", ask_for_a_capital},
      {"test_input_required_result_sampling", ask_for_a_capital},
      {"test_input_required_result_list_roots", ask_for_roots},
      {"test_input_required_result_multiple_inputs", ask_all_kinds},
      {"test_input_required_result_capabilities", ask_what_it_can},
      {"multi_input", ask_two_after_a_while},
      {"ask_by_url", ask_by_url},
      {"touch_the_watched", touch_the_watched},
      {"protocol_error_job", break_the_protocol}
  };
  return table;
}

json schema_of_2020_12() {
  return json::parse(R"({
    "$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
    "$defs":{"address":{"$anchor":"addressDef","type":"object",
      "properties":{"street":{"type":"string"},"city":{"type":"string"}}}},
    "properties":{"name":{"type":"string"},"address":{"$ref":"#/$defs/address"},
      "contactMethod":{"type":"string","enum":["phone","email"]},
      "phone":{"type":"string"},"email":{"type":"string"}},
    "allOf":[{"anyOf":[{"required":["phone"]},{"required":["email"]}]}],
    "if":{"properties":{"contactMethod":{"const":"phone"}},"required":["contactMethod"]},
    "then":{"required":["phone"]},"else":{"required":["email"]},"additionalProperties":false})");
}

opsroom_text manifest() {
  static const std::string text = [] {
    json made = json::parse(view(typed.manifest()));
    for (const auto& [name, run] : raw_tools()) {
      json entry{{"name", name}, {"description", "Asks"}, {"inputSchema", {{"type", "object"}}}};
      const bool long_job = name == "multi_input" || name == "protocol_error_job";
      if (long_job) entry["execution"] = {{"taskSupport", "optional"}};
      made["tools"].push_back(std::move(entry));
    }
    for (json& each : made["tools"])
      if (each["name"] == "json_schema_2020_12_tool") each["inputSchema"] = schema_of_2020_12();
    return made.dump();
  }();
  return lend(text);
}

opsroom_status invoke(
    void* instance, opsroom_text name, opsroom_text arguments, const opsroom_call* call
) {
  const auto raw = raw_tools().find(view(name));
  return raw == raw_tools().end() ? typed.invoke(instance, name, arguments, call)
                                  : raw->second(*call);
}

}  // namespace
}  // namespace opsroom::conformance

const opsroom_plugin opsroom_plugin_v1 = {
    sizeof(opsroom_plugin),
    OPSROOM_ABI_MAJOR,
    OPSROOM_ABI_MINOR,
    OPSROOM_CONCURRENT,
    opsroom::conformance::typed.name,
    opsroom::conformance::typed.version,
    opsroom::conformance::manifest,
    opsroom::conformance::typed.create,
    opsroom::conformance::typed.destroy,
    opsroom::conformance::invoke
};
