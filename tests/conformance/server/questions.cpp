// Tools that ask people. Nothing here knows of eras: the server bridges the questions.
#include "fixture_tools.hpp"

namespace opsroom::conformance {
namespace {

using tool::Call;
using tool::json;

struct Message {
  std::string message;
  static constexpr auto fields() {
    return tool::fields(tool::field("message", &Message::message, "What to ask"));
  }
};

tool::Reply told(const json& answer) {
  return tool::reply(
      "Elicitation completed: action=" + answer.value("action", "") +
      ", content=" + answer.value("content", json::object()).dump()
  );
}

json defaults_form() {
  return json::parse(R"({"type":"object","required":[],"properties":{
    "name":{"type":"string","description":"User name","default":"John Doe"},
    "age":{"type":"integer","description":"User age","default":30},
    "score":{"type":"number","description":"User score","default":95.5},
    "status":{"type":"string","enum":["active","inactive","pending"],"default":"active"},
    "verified":{"type":"boolean","description":"Verified?","default":true}}})");
}

json enums_form() {
  return json::parse(R"({"type":"object","required":[],"properties":{
    "untitledSingle":{"type":"string","enum":["option1","option2","option3"]},
    "titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First Option"},
      {"const":"value2","title":"Second Option"},{"const":"value3","title":"Third Option"}]},
    "legacyEnum":{"type":"string","enum":["opt1","opt2","opt3"],
      "enumNames":["Option One","Option Two","Option Three"]},
    "untitledMulti":{"type":"array","minItems":1,"maxItems":3,
      "items":{"type":"string","enum":["option1","option2","option3"]}},
    "titledMulti":{"type":"array","minItems":1,"maxItems":3,
      "items":{"anyOf":[{"const":"value1","title":"First Choice"},
      {"const":"value2","title":"Second Choice"},{"const":"value3","title":"Third Choice"}]}}}})");
}

json confirmation_form() {
  return {
      {"type", "object"},
      {"properties", {{"ok", {{"type", "boolean"}}}}},
      {"required", json::array({"ok"})}
  };
}

tool::Reply confirmed(const Nothing&, Call& call) {
  call.ask_form("confirm", "Please confirm", confirmation_form());
  return tool::reply("state-ok");
}

tool::Reply greeted(const Nothing&, Call& call) {
  return tool::reply("Hello, " + asked_text(call, "user_name", "What is your name?", "name") + "!");
}

tool::Reply in_rounds(const Nothing&, Call& call) {
  const auto name = asked_text(call, "step1", "Step 1: What is your name?", "name");
  const auto color = asked_text(call, "step2", "Step 2: What is your favorite color?", "color");
  return tool::reply(name + " likes " + color);
}

}  // namespace

json text_form(const char* name) {
  return {
      {"type", "object"},
      {"properties", {{name, {{"type", "string"}}}}},
      {"required", json::array({name})}
  };
}

std::string asked_text(Call& call, const char* key, const char* question, const char* name) {
  const json answer = call.ask_form(key, question, text_form(name));
  return answer.value("content", json::object()).value(name, "nobody");
}

void add_questions(tool::Registry& tools) {
  tools.add<Message>("test_elicitation", "Asks", [](const Message& args, Call& call) {
    return told(call.ask_form("answer", args.message, text_form("response")));
  });
  tools.add<Nothing>(
      "test_elicitation_sep1034_defaults",
      "Asks with defaults",
      [](const Nothing&, Call& call) {
        return told(call.ask_form("form", "Please review the form", defaults_form()));
      }
  );
  tools.add<Nothing>(
      "test_elicitation_sep1330_enums",
      "Asks for choices",
      [](const Nothing&, Call& call) {
        return told(call.ask_form("form", "Please select options", enums_form()));
      }
  );
  tools.add<Nothing>("test_input_required_result_elicitation", "Asks for a name", greeted);
  tools.add<Nothing>("test_streaming_elicitation", "Asks for a name", greeted);
  tools.add<Nothing>("test_input_required_result_request_state", "Keeps a state", confirmed);
  tools.add<Nothing>("test_input_required_result_tampered_state", "Keeps a state", confirmed);
  tools.add<Nothing>("test_input_required_result_multi_round", "Asks twice", in_rounds);
  tools.prompt<Nothing>(
      "test_input_required_result_prompt",
      "Asks for its context",
      [](const Nothing&, Call& call) {
        return "About " +
               asked_text(call, "user_context", "What context should the prompt use?", "context");
      }
  );
}

}  // namespace opsroom::conformance
