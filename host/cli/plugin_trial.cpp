#include "cli/plugin_trial.hpp"

#include "base/failure.hpp"
#include "cli/plugin_sample.hpp"
#include "cli/plugin_usage.hpp"
#include "tools/schema_checks.hpp"

#include <fmt/format.h>

#include <opsroom/testkit/client.hpp>
#include <set>

namespace opsroom::cli {
namespace {

using testkit::Client;
using Kind = Client::Reply::Kind;

constexpr auto opening = std::chrono::seconds(60);
constexpr auto grace = std::chrono::seconds(10);
constexpr int warm_up = 200;
constexpr int calls = 1000;
constexpr int most_thousands = 4;
/// Less than 4 KiB a call is an allocator settling.
constexpr std::size_t memory_allowed = std::size_t{4} << 20;
constexpr std::size_t descriptors_allowed = 20;
constexpr std::size_t threads_allowed = 8;

/// One trial; each function below is one question to the plugin.
class Trial {
 public:
  explicit Trial(const TrialOrder& order) : order_(order) {}

  TrialReport run() {
    try {
      look();
      unknown_tool();
      wrong_arguments();
      cancel();
      repeat();
      leave();
    } catch (const std::exception& error) {
      problem(error.what(), "Run it by hand, and read what it says on stderr.");
    }
    noise();
    return std::move(report_);
  }

 private:
  void problem(std::string text, std::string remedy) {
    report_.findings.push_back({true, std::move(text), std::move(remedy)});
  }
  void note(std::string text, std::string remedy = {}) {
    report_.findings.push_back({false, std::move(text), std::move(remedy)});
  }

  void start() {
    client_ = std::make_unique<Client>(order_.command, order_.environment);
    client_->open(opening);
  }

  /// After a call that its process did not survive, or may not be over.
  void start_anew() {
    count_noise();
    client_.reset();
    start();
  }

  void look() {
    start();
    report_.identity = client_->identity();
    report_.era = client_->modern() ? "modern" : "legacy";
    std::set<std::string> names;
    tools::Inspection seen;
    for (Json& tool : client_->list("tools/list", "tools", opening)) {
      if (names.insert(tool.value("name", "")).second)
        seen.tools.push_back(std::move(tool));
      else
        seen.twice.push_back(tool.value("name", ""));
    }
    report_.tools = seen.tools.size();
    tools::SourceConfig source;
    source.name = "plugin";
    source.trusted = true;
    for (tools::Finding& finding : tools::findings(source, seen, tools::LockFile{}))
      if (finding.problem) report_.findings.push_back(std::move(finding));
    tools_ = std::move(seen.tools);
    for (const Json& tool : tools_)
      for (const std::string& text : entry_findings(tool))
        note(text, "Callers, people and models alike, go by it.");
  }

  Client::Reply call(const std::string& tool, const Json& arguments) {
    return client_->request(
        "tools/call", {{"name", tool}, {"arguments", arguments}}, order_.patience
    );
  }

  void died(const std::string& when) {
    problem(
        fmt::format("its process died of {}: {}", when, client_->end(grace)),
        "Read what it says on stderr; build it with -fsanitize=address."
    );
    start_anew();
  }

  void unknown_tool() {
    const auto reply = call("no-such-tool-9", Json::object());
    if (reply.kind == Kind::gone) return died("a call of a tool that is not there");
    const bool refused = reply.kind == Kind::error ||
                         (reply.kind == Kind::result && reply.body.value("isError", false));
    if (!refused) {
      problem(
          "it does not refuse a tool that is not there",
          "Answer JSON-RPC error -32602, or OPSROOM_UNKNOWN_TOOL."
      );
    }
  }

  void wrong_arguments() {
    for (const Json& tool : tools_) {
      const std::string name = tool.value("name", "");
      const auto wrong = misfit(tool.value("inputSchema", Json()));
      if (!wrong) continue;
      const auto reply = call(name, *wrong);
      if (reply.kind == Kind::gone) {
        died(fmt::format("wrong arguments for {}: {}", name, wrong->dump()));
      } else if (reply.kind == Kind::timed_out) {
        problem(
            fmt::format(
                "{} does not answer to wrong arguments in {} s", name, order_.patience.count()
            ),
            "Check them before the work begins."
        );
        start_anew();
      } else if (reply.kind == Kind::result && !reply.body.value("isError", false)) {
        problem(
            fmt::format(
                "{} takes arguments that do not fit its inputSchema: {}", name, wrong->dump()
            ),
            "Refuse what the schema refuses; opsroom::tool does it by itself."
        );
      }
    }
  }

  /// The tool to call often: the one that was named, or one that can do no harm.
  std::optional<std::pair<std::string, Json>> chosen() const {
    for (const Json& tool : tools_) {
      const std::string name = tool.value("name", "");
      if (order_.tool.empty() ? !harmless(tool) : name != order_.tool) continue;
      if (order_.arguments) return std::pair(name, *order_.arguments);
      if (auto made = sample_arguments(tool.value("inputSchema", Json())))
        return std::pair(name, std::move(*made));
    }
    return std::nullopt;
  }

  void cancel() {
    const auto one = chosen();
    if (!one) {
      note(
          order_.tool.empty()
              ? "no tool is read-only and closed to the world, so that none was called"
              : fmt::format("the tool {} was not called", order_.tool),
          "Name one by --call TOOL --arguments JSON to see it cancelled and repeated."
      );
      return;
    }
    client_->request_and_cancel("tools/call", {{"name", one->first}, {"arguments", one->second}});
    const auto reply = call(one->first, one->second);
    if (reply.kind == Kind::gone) return died("a cancelled call of " + one->first);
    if (reply.kind != Kind::timed_out) return;
    problem(
        fmt::format(
            "{} does not stop when it is cancelled: {} s later the next call still waits",
            one->first,
            order_.patience.count()
        ),
        "Call call.checkpoint() in its loops, and poll call.cancel_fd() where it waits."
    );
    deaf_ = true;
    start_anew();
  }

  bool call_often(const std::pair<std::string, Json>& one, int times) {
    for (int i = 0; i < times; ++i) {
      const auto reply = call(one.first, one.second);
      if (reply.kind == Kind::gone) {
        died(fmt::format("call {} of {}", i + 1, one.first));
        return false;
      }
      if (!good_answer(one, reply)) return false;
    }
    return true;
  }

  bool good_answer(const std::pair<std::string, Json>& one, const Client::Reply& reply) {
    const bool result = reply.kind == Kind::result;
    if (result && !reply.body.value("isError", false)) return fits_output(one.first, reply.body);
    const std::string text = reply.kind == Kind::timed_out ? "no answer" : reply.body.dump();
    if (text.find("plugin misbehaving: ") != std::string::npos) {
      problem(
          fmt::format("{} breaks the rules of plugin.h: {}", one.first, text),
          "Hand in one result of valid UTF-8 before invoke() returns, and nothing afterwards."
      );
      return false;
    }
    note(
        fmt::format("{} does not succeed with {}: {}", one.first, one.second.dump(), text),
        "Name arguments it can work with by --call TOOL --arguments JSON."
    );
    return false;
  }

  bool fits_output(const std::string& name, const Json& result) {
    for (const Json& tool : tools_) {
      if (tool.value("name", "") != name) continue;
      const tools::SchemaChecks checks(
          tool.value("inputSchema", Json()), tool.value("outputSchema", Json())
      );
      const std::string misfit = checks.output_misfit(result.value("structuredContent", Json()));
      if (!checks.has_output() || misfit.empty()) return true;
      problem(
          fmt::format("the result of {} is not what its outputSchema promises: {}", name, misfit),
          "Correct one of them; a runbook's next step relies on it."
      );
      return false;
    }
    return true;
  }

  static std::size_t grown(std::size_t from, std::size_t to) { return to > from ? to - from : 0; }

  static bool much(const Usage& before, const Usage& after) {
    return grown(before.memory, after.memory) > memory_allowed ||
           grown(before.files, after.files) > descriptors_allowed ||
           grown(before.threads, after.threads) > threads_allowed;
  }

  /// What leaks grows with every thousand calls; a heap with a collector grows, and then stays.
  void repeat() {
    const auto one = chosen();
    if (!one || deaf_ || !call_often(*one, warm_up)) return;
    Usage before;
    Usage after;
    for (int thousands = 0; thousands < most_thousands; ++thousands) {
      before = usage_of(client_->pid());
      if (!call_often(*one, calls)) return;
      after = usage_of(client_->pid());
      if (!much(before, after)) break;
    }
    report_.called = one->first;
    leak(*one, grown(before.memory, after.memory) / 1024, memory_allowed / 1024, "KiB of memory");
    leak(*one, grown(before.files, after.files), descriptors_allowed, "file descriptors");
    leak(*one, grown(before.threads, after.threads), threads_allowed, "threads");
  }

  void leak(
      const std::pair<std::string, Json>& one,
      std::size_t left,
      std::size_t allowed,
      const std::string& what
  ) {
    if (left <= allowed) return;
    problem(
        fmt::format("{} calls of {} leave {} {} behind", calls, one.first, left, what),
        "Give back what each call takes: a value or a std::unique_ptr that ends with it."
    );
  }

  void leave() {
    const std::string how = client_->end(grace);
    if (how == Client::good_end) return;
    problem(
        "it does not end well when its stdin is closed: " + how,
        "End with 0 at the end of stdin; threads of your own must end before."
    );
  }

  void count_noise() {
    if (!client_ || client_->noise() == 0) return;
    if (noise_ == 0) first_noise_ = client_->first_noise();
    noise_ += client_->noise();
  }

  void noise() {
    count_noise();
    if (noise_ == 0) return;
    problem(
        fmt::format("{} lines on its stdout are no messages, the first: {}", noise_, first_noise_),
        "Let it log to stderr: stdout belongs to the protocol."
    );
  }

  const TrialOrder& order_;
  TrialReport report_;
  std::unique_ptr<Client> client_;
  std::vector<Json> tools_;
  bool deaf_ = false;
  std::size_t noise_ = 0;
  std::string first_noise_;
};

}  // namespace

TrialReport try_out(const TrialOrder& order) {
  return Trial(order).run();
}

}  // namespace opsroom::cli
