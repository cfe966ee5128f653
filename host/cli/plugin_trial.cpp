#include "cli/plugin_trial.hpp"

#include "base/failure.hpp"
#include "base/files.hpp"
#include "base/text.hpp"
#include "cli/plugin_sample.hpp"
#include "cli/plugin_usage.hpp"
#include "tools/schema_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <opsroom/testkit/client.hpp>
#include <set>

namespace opsroom::cli {
namespace {

using testkit::Client;
using Kind = Client::Reply::Kind;
using Clock = std::chrono::steady_clock;

constexpr auto opening = std::chrono::seconds(60);
constexpr auto grace = std::chrono::seconds(10);
constexpr int warm_up = 200;
constexpr int calls = 1000;
/// A heap with a collector may grow for seven thousand and more.
constexpr int most_thousands = 20;
constexpr int telling_thousands = 4;  ///< where there is no time for more
/// Beyond it no further call is made: the machine is somebody's.
constexpr std::size_t memory_telling = std::size_t{256} << 20;
/// Less than 4 KiB a call is an allocator settling.
constexpr std::size_t memory_allowed = std::size_t{4} << 20;
constexpr std::size_t descriptors_allowed = 20;
constexpr std::size_t threads_allowed = 8;
constexpr std::size_t most_strays = std::size_t{256} << 20;
constexpr std::size_t longest_stray = 200;

/// What an answer says: of a result the text, of an error all of it.
std::string words_of(const Json& body) {
  const Json content = body.value("content", Json::array());
  const bool text = !content.empty() && content[0].value("type", "") == "text";
  return text ? content[0].value("text", "") : body.dump();
}

/// One trial; each function below is one question to the plugin.
class Trial {
 public:
  explicit Trial(const TrialOrder& order) : order_(order) {}

  TrialReport run() {
    const std::vector<Question> questions{
        {"how it starts, and what it lists", &Trial::look},
        {"a tool that is not there", &Trial::unknown_tool},
        {"arguments that do not fit", &Trial::wrong_arguments},
        {"a cancelled call", &Trial::cancel},
        {fmt::format("what {} calls leave behind", calls), &Trial::repeat},
        {"its end, when its stdin is closed", &Trial::leave}
    };
    bool talking = true;
    for (const Question& question : questions) {
      const bool last = &question == &questions.back();
      if (talking && (time_is_left() || (last && client_)))
        talking = ask(question);
      else
        report_.unchecked.push_back(question.what);
    }
    noise();
    strays();
    return std::move(report_);
  }

 private:
  struct Question {
    std::string what;
    void (Trial::*put)();
  };
  /// Leaves a question that there is no time for.
  struct TimeIsUp {};

  /// False when it cannot be talked to any more.
  bool ask(const Question& question) {
    try {
      (this->*question.put)();
      return true;
    } catch (const TimeIsUp&) {
      const bool often = made_ > 0 && question.put == &Trial::repeat;
      report_.unchecked.push_back(
          question.what + (often ? fmt::format(" (there was time for {})", made_) : "")
      );
      return true;
    } catch (const std::exception& error) {
      problem(error.what(), "Run it by hand, and read what it says on stderr.");
      return false;
    }
  }

  bool time_is_left() const { return Clock::now() < until_; }
  std::chrono::milliseconds at_most(std::chrono::milliseconds patience) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until_ - Clock::now());
    return std::clamp(left, std::chrono::milliseconds(1), patience);
  }

  void problem(std::string text, std::string remedy) {
    report_.findings.push_back({true, std::move(text), std::move(remedy)});
  }
  void note(std::string text, std::string remedy = {}) {
    report_.findings.push_back({false, std::move(text), std::move(remedy)});
  }

  void start() {
    client_ = std::make_unique<Client>(order_.command, order_.environment);
    client_->open(at_most(opening));
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
    for (Json& tool : client_->list("tools/list", "tools", at_most(opening))) {
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
    if (!time_is_left()) throw TimeIsUp{};
    const auto patience = at_most(order_.patience);
    auto reply =
        client_->request("tools/call", {{"name", tool}, {"arguments", arguments}}, patience);
    // Its silence would only be blamed when it was given all the patience.
    if (reply.kind == Kind::timed_out && patience < order_.patience) throw TimeIsUp{};
    return reply;
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

  using Often = std::pair<std::string, Json>;

  /// The tools to call often: the one that was named, or those that can do no harm.
  std::vector<Often> candidates() const {
    std::vector<Often> all;
    for (const Json& tool : tools_) {
      const std::string name = tool.value("name", "");
      if (order_.tool.empty() ? !harmless(tool) : name != order_.tool) continue;
      if (order_.arguments)
        all.emplace_back(name, *order_.arguments);
      else if (auto made = sample_arguments(tool.value("inputSchema", Json())))
        all.emplace_back(name, std::move(*made));
    }
    return all;
  }

  /// Of several the first that succeeds with what was made up for it.
  void choose() {
    for (Often& each : candidates()) {
      if (!often_) often_ = each;
      if (!order_.tool.empty()) return;
      const auto reply = call(each.first, each.second);
      if (reply.kind == Kind::gone) return died("a call of " + each.first);
      if (reply.kind == Kind::timed_out) start_anew();
      if (reply.kind != Kind::result || reply.body.value("isError", false)) continue;
      often_ = std::move(each);
      return;
    }
    if (often_) return;
    note(
        order_.tool.empty()
            ? "no tool is read-only and closed to the world, so that none was called"
            : fmt::format("the tool {} was not called", order_.tool),
        "Name one by --call TOOL --arguments JSON to see it cancelled and repeated."
    );
  }

  void cancel() {
    choose();
    const auto one = often_;
    if (!one) return;
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

  bool call_often(const Often& one, int times) {
    for (int i = 0; i < times; ++i, ++made_) {
      const auto reply = call(one.first, one.second);
      if (reply.kind == Kind::gone) {
        died(fmt::format("call {} of {}", i + 1, one.first));
        return false;
      }
      if (!good_answer(one, reply)) return false;
    }
    return true;
  }

  bool good_answer(const Often& one, const Client::Reply& reply) {
    const bool result = reply.kind == Kind::result;
    if (result && !reply.body.value("isError", false)) return fits_output(one.first, reply.body);
    const std::string text = reply.kind == Kind::timed_out ? "no answer" : words_of(reply.body);
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

  /// What is short of a leak, but for memory that may only not have been collected yet.
  static bool more_would_tell(const Usage& before, const Usage& after) {
    return grown(before.memory, after.memory) > memory_allowed &&
           grown(before.files, after.files) <= descriptors_allowed &&
           grown(before.threads, after.threads) <= threads_allowed;
  }

  /// What leaks grows with every thousand calls; a heap with a collector grows, and then stays.
  void repeat() {
    const auto one = often_;
    if (!one || deaf_ || !call_often(*one, warm_up)) return;
    const Usage first = usage_of(client_->pid());
    Usage before;
    Usage after;
    auto took = Clock::duration::zero();
    for (int thousands = 0; thousands < most_thousands; ++thousands) {
      if (thousands >= telling_thousands && until_ - Clock::now() < 2 * took) break;
      const auto begun = Clock::now();
      before = usage_of(client_->pid());
      if (!call_often(*one, calls)) return;
      after = usage_of(client_->pid());
      took = Clock::now() - begun;
      const bool telling = grown(first.memory, after.memory) > memory_telling;
      if (telling || !more_would_tell(before, after)) break;
    }
    report_.called = one->first;
    leak(*one, grown(before.memory, after.memory) / 1024, memory_allowed / 1024, "KiB of memory");
    leak(*one, grown(before.files, after.files), descriptors_allowed, "file descriptors");
    leak(*one, grown(before.threads, after.threads), threads_allowed, "threads");
  }

  void leak(const Often& one, std::size_t left, std::size_t allowed, const std::string& what) {
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

  /// What the SDK kept out of the protocol.
  void strays() {
    std::error_code none;
    if (order_.strays.empty() || std::filesystem::file_size(order_.strays, none) == 0 || none)
      return;
    std::string text = read_file(order_.strays, most_strays);
    const std::size_t bytes = text.size();
    text = text.substr(0, std::min(text.find('\n'), longest_stray));
    problem(
        fmt::format(
            "it prints on stdout, {} bytes, the first line: {}", bytes, printable_utf8(text)
        ),
        "Use call.log(), or print on stderr: stdout belongs to the protocol. The SDK has kept it "
        "out of there, as no other server would."
    );
  }

  const TrialOrder& order_;
  const Clock::time_point until_ = Clock::now() + order_.within;
  int made_ = 0;  ///< calls of the tool that is called often
  TrialReport report_;
  std::unique_ptr<Client> client_;
  std::vector<Json> tools_;
  std::optional<Often> often_;
  bool deaf_ = false;
  std::size_t noise_ = 0;
  std::string first_noise_;
};

}  // namespace

TrialReport try_out(const TrialOrder& order) {
  return Trial(order).run();
}

}  // namespace opsroom::cli
