#include "base/failure.hpp"
#include "base/json.hpp"
#include "cli/books.hpp"
#include "cli/plugin_elf.hpp"
#include "cli/plugin_trial.hpp"
#include "cli/plugin_verbs.hpp"
#include "cli/terminal.hpp"
#include "cli/tools_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <opsroom/child.hpp>
#include <unistd.h>

namespace opsroom::cli {
namespace {

namespace fs = std::filesystem;
using tools::Finding;

/// A place for one check, removed at the end. This process stands in an empty directory of it.
class Scratch {
 public:
  Scratch() : back_(fs::current_path()) {
    std::string path = (fs::temp_directory_path() / "opsroom-check-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr)
      throw system_failure(errno, "making a directory in " + fs::temp_directory_path().string());
    path_ = path;
    fs::create_directory(path_ / "empty");
    fs::current_path(path_ / "empty");
  }
  ~Scratch() {
    std::error_code ignored;  // a directory that stays is none of the plugin's faults
    fs::current_path(back_, ignored);
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  fs::path strays() const { return path_ / "stdout"; }

 private:
  fs::path back_;
  fs::path path_;
};

bool is_library(const std::vector<std::string>& target) {
  return target.size() == 1 && fs::path(target[0]).extension() == ".so";
}

/// What is wrong with the file itself, before anything of it runs.
std::vector<Finding> look_at_file(const fs::path& library) {
  std::vector<Finding> found;
  const auto names = exported_symbols(library);
  const bool entry = std::find(names.begin(), names.end(), "opsroom_plugin_v1") != names.end();
  std::string others;
  std::size_t count = 0;
  for (const std::string& name : names) {
    if (name.starts_with("opsroom_plugin_v")) continue;
    if (++count <= 3) others += (others.empty() ? "" : ", ") + name;
  }
  if (!entry) {
    found.push_back(
        {true,
         "it does not export opsroom_plugin_v1",
         "Define `const opsroom_plugin opsroom_plugin_v1 = ...;` and build with opsroom_add_tool()."
        }
    );
  }
  if (count > 0) {
    found.push_back(
        {true,
         fmt::format("it exports {} symbols besides its entry: {} ...", count, others),
         "Link with the SDK's plugin.map, as opsroom_add_tool() does: they may clash with others'."}
    );
  }
  return found;
}

/// The reason the runner gives for not loading a library; empty when it loads.
std::string refusal_of(
    const fs::path& runner, const fs::path& library, std::chrono::seconds patience
) {
  std::string words;
  ChildSpec spec;
  spec.argv = {runner.string(), "--manifest", library.string()};
  spec.timeout = patience;
  ChildWatch watch;
  watch.on_output = [&](Stream stream, std::string_view text) {
    if (stream == Stream::err) words += text;
  };
  watch.on_tick = [] {};
  const ChildExit ended = run_child(spec, watch);
  if (ended.exit_code == 0) return {};
  while (!words.empty() && words.back() == '\n')
    words.pop_back();
  if (words.empty()) words = fmt::format("its process ended with {}", ended.exit_code);
  return ended.timed_out ? fmt::format("nothing came of it in {} s", patience.count()) : words;
}

/// The command's words with the files among them in full: it is started in another directory.
std::vector<std::string> seen_from_anywhere(std::vector<std::string> words) {
  for (std::string& word : words) {
    const bool program = &word == words.data() && word.find('/') == std::string::npos;
    std::error_code unreadable;
    if (!program && fs::exists(word, unreadable)) word = fs::absolute(word).string();
  }
  return words;
}

TrialOrder order_for(const Context& context, const CheckPlugin& verb) {
  TrialOrder order;
  order.command = verb.target;
  if (is_library(verb.target))
    order.command = {context.layout.runner.string(), fs::absolute(verb.target[0]).string()};
  else
    order.command = seen_from_anywhere(verb.target);
  order.environment["OPSROOM_PLUGIN_CONFIG"] = parse_json(verb.config, "--settings").dump();
  order.tool = verb.call;
  order.patience = std::chrono::seconds(verb.patience);
  order.within = std::chrono::seconds(verb.within);
  if (!verb.arguments.empty()) order.arguments = parse_json(verb.arguments, "--arguments");
  if (order.arguments && order.tool.empty())
    throw Failure(Code::invalid, "--arguments is for a tool", "Name it by --call TOOL.");
  return order;
}

TrialReport examine(const Context& context, const CheckPlugin& verb) {
  std::vector<Finding> found;
  TrialOrder order = order_for(context, verb);
  if (is_library(verb.target)) {
    const fs::path library = fs::absolute(verb.target[0]);
    found = look_at_file(library);
    const std::string refusal = refusal_of(context.layout.runner, library, order.within);
    if (!refusal.empty()) {
      found.push_back({true, "it cannot be loaded: " + refusal, "Build it against this SDK."});
      TrialReport report;
      report.findings = std::move(found);
      return report;
    }
  }
  const Scratch place;
  order.strays = place.strays();
  order.environment["OPSROOM_STRAY_OUTPUT"] = order.strays.string();
  TrialReport report = try_out(order);
  report.findings.insert(report.findings.begin(), found.begin(), found.end());
  return report;
}

void print_finding(const Finding& finding) {
  const bool colour = colour_wanted(stdout);
  const std::string mark =
      finding.problem ? inked("problem", Ink::red, colour) : inked("note", Ink::dim, colour);
  fmt::print("  {}: {}\n", mark, indented(safe_lines(finding.text), 4));
  if (!finding.remedy.empty()) fmt::print("    {}\n", safe_lines(finding.remedy));
}

void print_report(const TrialReport& report, std::size_t problems) {
  if (!report.identity.empty()) {
    fmt::print(
        "{}, {}: {} tool{}{}\n",
        safe_lines(report.identity),
        report.era,
        report.tools,
        report.tools == 1 ? "" : "s",
        report.called.empty() ? "" : ", " + safe_lines(report.called) + " called 1000 times"
    );
  }
  for (const Finding& finding : report.findings)
    print_finding(finding);
  for (const std::string& what : report.unchecked)
    fmt::print("  not checked: {}\n", safe_lines(what));
  if (!report.unchecked.empty())
    fmt::print("    Give it more time by --within, or name a quicker call by --call.\n");
  fmt::print("{} problem{}\n", problems, problems == 1 ? "" : "s");
}

void print_json(const TrialReport& report, std::size_t problems) {
  Json list = Json::array();
  for (const Finding& finding : report.findings)
    list.push_back(
        {{"problem", finding.problem}, {"text", finding.text}, {"remedy", finding.remedy}}
    );
  fmt::print(
      "{}\n",
      dump(Json{
          {"identity", report.identity},
          {"era", report.era},
          {"tools", report.tools},
          {"called", report.called},
          {"unchecked", report.unchecked},
          {"problems", problems},
          {"findings", std::move(list)}
      })
  );
}

}  // namespace

int perform_plugin(const Context& context, const CheckPlugin& verb) {
  const TrialReport report = examine(context, verb);
  const auto problems = static_cast<std::size_t>(std::count_if(
      report.findings.begin(), report.findings.end(), [](const Finding& f) { return f.problem; }
  ));
  if (context.json)
    print_json(report, problems);
  else
    print_report(report, problems);
  return problems == 0 ? 0 : 1;
}

}  // namespace opsroom::cli
