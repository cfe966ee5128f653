// Tools that may become tasks: those that take longer than a moment do.
#include "fixture_tools.hpp"

#include <poll.h>

namespace opsroom::conformance {
namespace {

using namespace std::chrono_literals;
using tool::Call;
using tool::json;

/// Longer than a server waits before it makes a task of a call.
constexpr auto a_while = 400ms;

struct Name {
  std::string name;
  static constexpr auto fields() {
    return tool::fields(tool::field("name", &Name::name, "Whom to greet"));
  }
};

struct Computation {
  double seconds = 0;
  std::string label;
  static constexpr auto fields() {
    return tool::fields(
        tool::field("seconds", &Computation::seconds, "How long"),
        tool::option("label", &Computation::label, "A name for it")
    );
  }
};

struct File {
  std::string filename;
  static constexpr auto fields() {
    return tool::fields(tool::field("filename", &File::filename, "What to delete"));
  }
};

tool::Reply compute(const Computation& args, Call& call) {
  rest(call, std::chrono::milliseconds(static_cast<std::int64_t>(args.seconds * 1000)));
  return tool::reply("computed " + args.label);
}

tool::Reply fail_late(const Nothing&, Call& call) {
  rest(call, a_while);
  return tool::failure("This job always fails");
}

bool looked_around(Call& call) {
  return call.once("looked", [&call] {
    rest(call, a_while);
    return true;
  });
}

tool::Reply confirm_delete(const File& args, Call& call) {
  looked_around(call);
  const bool yes = call.confirm("confirm", "Delete " + args.filename + "?");
  return tool::reply(yes ? "deleted" : "kept");
}

tool::Reply ask_then_work(const Nothing&, Call& call) {
  const auto name = asked_text(call, "user_name", "What is your name?", "name");
  rest(call, a_while);
  return tool::reply("Worked for " + name);
}

}  // namespace

void rest(Call& call, std::chrono::milliseconds time) {
  pollfd wait{call.cancel_fd(), POLLIN, 0};
  ::poll(&wait, 1, static_cast<int>(time.count()));
  call.checkpoint();
}

void add_long_jobs(tool::Registry& tools) {
  tools.add<Name>("greet", "Greets", [](const Name& args, Call&) {
    return tool::reply("Hello, " + args.name + "!");
  });
  const tool::Hints may_take_long{.tasks = tool::Tasks::optional};
  const tool::Hints takes_long{.tasks = tool::Tasks::required};
  tools.add<Computation>("slow_compute", "Takes its time", compute, may_take_long);
  tools.add<Nothing>("failing_job", "Fails after a while", fail_late, takes_long);
  tools.add<File>("confirm_delete", "Looks, then asks", confirm_delete, may_take_long);
  tools.add<Nothing>("test_tool_with_task", "Asks, then works", ask_then_work, takes_long);
}

}  // namespace opsroom::conformance
