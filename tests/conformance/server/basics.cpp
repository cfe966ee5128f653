// What every server has: content of all kinds, logs, progress, errors, resources and prompts.
#include "fixture_tools.hpp"

#include <stdexcept>
#include <vector>

namespace opsroom::conformance {
namespace {

using namespace std::chrono_literals;
using tool::Call;

constexpr std::string_view picture = "\x89PNG\r\n\x1a\n, or so";
constexpr std::string_view sound = "RIFF, or so";

struct TwoWords {
  std::string arg1;
  std::string arg2;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("arg1", &TwoWords::arg1, "The first one"),
        tool::field("arg2", &TwoWords::arg2, "The second one")
    );
  }
};

struct Which {
  std::string resource_uri;
  static constexpr auto fields() {
    return tool::fields(tool::field("resourceUri", &Which::resource_uri, "What to embed"));
  }
};

tool::Reply simple_text(const Nothing&, Call&) {
  return tool::reply("This is a simple text response for testing.");
}

tool::Reply only(tool::Content content) {
  return tool::reply("").with(std::move(content));
}

tool::Reply many_kinds(const Nothing&, Call&) {
  return tool::reply("Multiple content types test:")
      .with(tool::image(picture, "image/png"))
      .with(tool::embedded_text(
          "test://mixed-content-resource", "{\"value\":123}", "application/json"
      ));
}

tool::Reply with_logging(const Nothing&, Call& call) {
  for (const char* said :
       {"Tool execution started", "Tool processing data", "Tool execution completed"}) {
    call.log(tool::Level::info, said);
    rest(call, 20ms);
  }
  return tool::reply("Tool with logging executed successfully");
}

tool::Reply with_progress(const Nothing&, Call& call) {
  for (const int done : {0, 50, 100}) {
    call.progress(done, 100, "Completed step");
    rest(call, 20ms);
  }
  return tool::reply("done");
}

tool::Reply failing(const Nothing&, Call&) {
  throw std::runtime_error("This tool intentionally returns an error for testing");
}

void add_resources(tool::Registry& tools) {
  tools.resource({"test://static-text", "static-text", "A text"}, [](Call&) {
    return std::string("This is the content of the static text resource.");
  });
  tools.resource({"test://static-binary", "static-binary", "A picture", "image/png"}, [](Call&) {
    return tool::Bytes{std::string(picture)};
  });
  tools.resource({"test://watched-resource", "watched-resource", "It may change"}, [](Call&) {
    return std::string("Watched resource content");
  });
  tools.resource(
      {"test://template/{id}/data", "template", "By its id", "application/json"},
      [](const tool::Variables& variables, Call&) {
        return tool::json{{"id", variables.at("id")}, {"templateTest", true}}.dump();
      }
  );
}

void add_prompts(tool::Registry& tools) {
  tools.prompt<Nothing>("test_simple_prompt", "Without arguments", [](const Nothing&, Call&) {
    return std::string("This is a simple prompt for testing.");
  });
  tools.prompt<TwoWords>(
      "test_prompt_with_arguments",
      "With two arguments",
      [](const TwoWords& args, Call&) {
        return "Prompt with arguments: arg1='" + args.arg1 + "', arg2='" + args.arg2 + "'";
      }
  );
  tools.prompt<Which>(
      "test_prompt_with_embedded_resource",
      "With a resource",
      [](const Which& args, Call&) {
        return std::vector<tool::Message>{
            {"user",
             tool::embedded_text(
                 args.resource_uri, "Embedded resource content for testing.", "text/plain"
             )},
            tool::user("Please process the embedded resource above.")
        };
      }
  );
  tools.prompt<Nothing>("test_prompt_with_image", "With a picture", [](const Nothing&, Call&) {
    return std::vector<tool::Message>{
        {"user", tool::image(picture, "image/png")}, tool::user("Please analyze the image above.")
    };
  });
  tools.complete(
      "test_prompt_with_arguments",
      "arg1",
      [](const std::string&, const tool::Variables&) {
        return std::vector<std::string>{"paris", "park", "party"};
      }
  );
}

}  // namespace

void add_basics(tool::Registry& tools) {
  tools.add<Nothing>("test_simple_text", "Says a text", simple_text);
  tools.add<Nothing>("test_image_content", "Shows a picture", [](const Nothing&, Call&) {
    return only(tool::image(picture, "image/png"));
  });
  tools.add<Nothing>("test_audio_content", "Plays a sound", [](const Nothing&, Call&) {
    return only(tool::audio(sound, "audio/wav"));
  });
  tools.add<Nothing>("test_embedded_resource", "Brings a resource", [](const Nothing&, Call&) {
    return only(tool::embedded_text(
        "test://embedded-resource", "This is an embedded resource content.", "text/plain"
    ));
  });
  tools.add<Nothing>("test_multiple_content_types", "Text, picture and resource", many_kinds);
  tools.add<Nothing>("test_tool_with_logging", "Logs three times", with_logging);
  tools.add<Nothing>("test_logging_tool", "Logs three times", with_logging);
  tools.add<Nothing>("test_tool_with_progress", "Tells how far it is", with_progress);
  tools.add<Nothing>("test_error_handling", "Fails", failing);
  tools.add<Nothing>("json_schema_2020_12_tool", "Has a schema of its own", simple_text);
  tools.add<Nothing>("test_trigger_tool_change", "Changes nothing", simple_text);
  add_resources(tools);
  add_prompts(tools);
}

}  // namespace opsroom::conformance
