#include <nlohmann/json.hpp>

#include <algorithm>
#include <opsroom/tool.hpp>
#include <poll.h>
#include <unistd.h>

/// A plugin that does everything the testkit can look at.
namespace {

namespace tool = opsroom::tool;
using tool::json;

struct Settings {
  std::string greeting = "Hello";
  static constexpr auto fields() {
    return tool::fields(tool::option("greeting", &Settings::greeting, "The word before the name"));
  }
};

struct GreetArgs {
  std::string name;
  int times = 1;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("name", &GreetArgs::name, "Whom").not_empty(),
        tool::field("times", &GreetArgs::times, "How often").at_least(1).at_most(5)
    );
  }
};
struct Greeting {
  std::string said;
  std::vector<std::string> lines;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("said", &Greeting::said, "All of it"),
        tool::field("lines", &Greeting::lines, "One a time")
    );
  }
};

struct Nothing {
  static constexpr auto fields() { return tool::fields(); }
};

enum class Size { small, large };
constexpr auto describe(Size) {
  return tool::values<Size>({{"small", Size::small}, {"large", Size::large, "A big one"}});
}
struct Order {
  Size size = Size::small;
  std::optional<int> count;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("size", &Order::size, "Which"), tool::field("count", &Order::count, "How many")
    );
  }
};

struct Path {
  std::string path;
  static constexpr auto fields() { return tool::fields(tool::field("path", &Path::path, "Which")); }
};

struct Subject {
  std::string topic;
  Size size = Size::small;
  bool loud = false;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("topic", &Subject::topic, "Of what"),
        tool::option("size", &Subject::size, "How long"),
        tool::option("loud", &Subject::loud, "Shout")
    );
  }
};

/// A folder and what is in it, in and out.
struct Folder {
  std::string name;
  std::vector<Folder> inside;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("name", &Folder::name, "What it is called"),
        tool::option("inside", &Folder::inside, "What is in it")
    );
  }
};

Folder sorted(Folder folder) {
  std::ranges::sort(folder.inside, {}, &Folder::name);
  for (Folder& each : folder.inside)
    each = sorted(std::move(each));
  return folder;
}

tool::Outcome<Greeting> greet(const Settings& settings, const GreetArgs& args, tool::Call& call) {
  Greeting made;
  for (int i = 0; i < args.times; ++i) {
    call.checkpoint();
    made.lines.push_back(settings.greeting + ", " + args.name);
    call.progress(i + 1, args.times, "greeted");
    call.log(tool::Level::info, "greeted " + args.name);
  }
  for (const auto& line : made.lines)
    made.said += (made.said.empty() ? "" : "; ") + line;
  call.artifact("greeting.txt", "text/plain", made.said);
  return {made, made.said};
}

/// Two rounds and something that must happen once between them.
std::string order(const Nothing&, tool::Call& call) {
  const auto what = call.ask<Order>("what", "What do you want?");
  const int number = call.once("number", [&] {
    call.log(tool::Level::info, "a number is drawn");
    return 42;
  });
  call.once("told", [&] { call.log(tool::Level::debug, "told once"); });
  if (!call.confirm("sure", "Really?")) return "no order";
  const auto colour = call.choose("colour", "Which colour?", {"red", "blue"});
  return "order " + std::to_string(number) + ": " + std::to_string(what.count.value_or(1)) + " " +
         (what.size == Size::large ? "large" : "small") + " " + colour;
}

std::string wait_for_cancel(const Nothing&, tool::Call& call) {
  call.log(tool::Level::info, "waiting");
  pollfd watched{call.cancel_fd(), POLLIN, 0};
  // The bound is there for a test that forgets to cancel.
  ::poll(&watched, 1, 600'000);
  call.checkpoint();
  return "nobody cancelled";
}

std::string throw_nested(const Nothing&, tool::Call&) {
  try {
    throw std::runtime_error("the disk is full");
  } catch (...) {
    std::throw_with_nested(std::runtime_error("can't save"));
  }
}

void add_tools(tool::Registry& tools) {
  const auto settings = tools.settings<Settings>();
  tools.add<GreetArgs>(
      "greet",
      "Greets somebody.",
      [settings](const GreetArgs& args, tool::Call& call) { return greet(settings, args, call); },
      {.read_only = true, .idempotent = true}
  );
  tools.add<Folder>("sort", "Sorts folders.", [](const Folder& args, tool::Call&) {
    return sorted(args);
  });
  tools.add<Nothing>("key", "Tells its key.", [](const Nothing&, tool::Call& call) {
    return call.idempotency_key();
  });
  tools.add<Nothing>("order", "Asks three things.", order);
  tools.add<Nothing>("wait", "Waits until it is cancelled.", wait_for_cancel);
  tools.add<Nothing>("nest", "Fails within a failure.", throw_nested);
  tools.add<Nothing>("ask_here", "Asks and waits.", [](const Nothing&, tool::Call& call) {
    return std::to_string(call.ask_and_wait<Order>("what", "What?").count.value_or(0));
  });
  tools.add<Nothing>("secret", "Knows a secret.", [](const Nothing&, tool::Call& call) {
    return std::to_string(call.secret("KIT_TOKEN").size());
  });
  tools.add<Nothing>("picture", "Says more than words.", [](const Nothing&, tool::Call&) {
    return tool::reply("see")
        .with(tool::image("png", "image/png"))
        .with(tool::audio("wav", "audio/wav"))
        .with(tool::resource_link("https://example.com/a", "a", "text/html"))
        .with(tool::embedded_text("notes:///a", "a note", "text/plain"));
  });
  tools.add<Path>("take", "Hands in a file.", [](const Path& args, tool::Call& call) {
    call.artifact_file("taken", "text/plain", args.path);
    return std::string("taken");
  });
  tools.resource({.uri = "kit:///readme", .name = "readme"}, [](tool::Call&) {
    return std::string("read me");
  });
  tools.resource(
      {.uri = "kit:///notes/{name}", .name = "note", .description = "A note by its name"},
      [](const tool::Variables& variables, tool::Call&) {
        if (variables.at("name") == "none") throw tool::BadArguments("/uri", "no such note");
        return "note " + variables.at("name");
      }
  );
  tools.complete("kit:///notes/{name}", "name", [](const std::string&, const tool::Variables&) {
    return std::vector<std::string>{"monday", "tuesday", "mayday"};
  });
  tools.prompt<Subject>("poem", "Asks for a poem.", [](const Subject& subject, tool::Call&) {
    return std::string(subject.loud ? "WRITE" : "Write") + " about " + subject.topic;
  });
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 = tool::plugin<add_tools>("kit", "1.0.0");
