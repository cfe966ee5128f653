#include <nlohmann/json.hpp>

#include <chrono>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <opsroom/tool.hpp>
#include <thread>
#include <vector>

/// A plugin that does to its host what a careless author does.
namespace {

namespace tool = opsroom::tool;
using tool::json;

struct Nothing {
  static constexpr auto fields() { return tool::fields(); }
};
struct Promise {
  int count = 0;
  static constexpr auto fields() {
    return tool::fields(tool::field("count", &Promise::count, "How many").at_most(3));
  }
};

std::vector<std::unique_ptr<std::vector<char>>>& kept() {
  static std::vector<std::unique_ptr<std::vector<char>>> all;
  return all;
}

std::string keep_memory(const Nothing&, tool::Call&) {
  kept().push_back(std::make_unique<std::vector<char>>(16 * 1024, 'x'));
  return "kept";
}

std::string keep_files(const Nothing&, tool::Call&) {
  // One in ten, since a process may have about a thousand.
  static int times = 0;
  if (++times % 10 == 0 && ::open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
    throw std::runtime_error("no file descriptor left");
  return "kept";
}

std::string be_deaf(const Nothing&, tool::Call&) {
  std::this_thread::sleep_for(std::chrono::seconds(20));
  return "what?";
}

void add_tools(tool::Registry& tools) {
  tools.add<Nothing>("keep_memory", "Keeps some memory.", keep_memory);
  tools.add<Nothing>("keep_files", "Keeps a file open.", keep_files);
  tools.add<Nothing>("be_deaf", "Does not hear a cancel.", be_deaf);
  tools.add<Nothing>("break_promise", "Returns too much.", [](const Nothing&, tool::Call&) {
    return Promise{4};
  });
}

}  // namespace

const opsroom_plugin opsroom_plugin_v1 = tool::plugin<add_tools>("careless", "1.0.0");
