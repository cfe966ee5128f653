#include "engine/run_session.hpp"
#include "support/engine/fakes.hpp"
#include "support/run_until.hpp"

namespace opsroom::engine {

using opsroom::testing::FakeDesk;
using opsroom::testing::FakeLanes;
using opsroom::testing::FakeQueue;
using opsroom::testing::FakeToolbox;
using opsroom::testing::run_to_end;
using namespace std::chrono_literals;

using Told = std::vector<std::string>;

inline ToolResult answered(Json output) {
  ToolResult result;
  result.delivery = Delivery::answered;
  result.succeeded = true;
  result.output = std::move(output);
  return result;
}

inline InputAsk question(std::string key) {
  return {std::move(key), "elicitation/create", Json{{"message", "Which branch?"}}};
}

inline ToolResult laid_down(Json state, std::vector<InputAsk> asks) {
  ToolResult result;
  result.delivery = Delivery::answered;
  result.suspended = Suspension{std::move(state), std::move(asks), std::nullopt, "it asks"};
  CallRecord record;
  record.outcome = "input_required";
  result.records.push_back(record);
  return result;
}

/// Asks for a name, then for an age, then says both; what it was told is in its state, as it would
/// be in a server's.
inline Task<ToolResult> two_rounds(ToolCall call, CallListener*, Stop*) {
  if (call.resume.is_null()) co_return laid_down({{"round", 1}}, {question("name")});
  const auto said = [&](const std::string& key) {
    const auto found = call.answers.find(key);
    if (found == call.answers.end()) return std::string("nothing");
    const InputReply& reply = found->second;
    const std::string value =
        reply.content.is_object() ? reply.content.value("value", "") : std::string("-");
    return std::string(to_string(reply.action)) + " " + value;
  };
  if (call.resume.at("round") == 1) {
    co_return laid_down({{"round", 2}, {"name", said("name")}}, {question("age")});
  }
  co_return answered({{"name", call.resume.at("name")}, {"age", said("age")}});
}

/// Asks while its process waits, and tells what it heard.
inline Task<ToolResult> asks_live(ToolCall, CallListener* listener, Stop* stop) {
  auto asking = listener->ask(question("live"), Milliseconds(10'000));
  const InputReply reply = co_await std::move(asking);
  if (stop->requested()) {
    ToolResult result;
    result.delivery = Delivery::unknown;
    result.canceled = true;
    co_return result;
  }
  co_return answered({{"heard", to_string(reply.action)}});
}

/// One run of one step, told again and again as workers claim it.
struct InputTest : ::testing::Test {
  asio::io_context io;
  FakeQueue books;
  FakeLanes lanes;
  FakeToolbox toolbox;
  FakeDesk desk;
  LeaseKeeper leases{io.get_executor(), "w", books, {}};
  Stop abandon{io.get_executor()};
  ClaimedRun claimed;

  InputTest() {
    toolbox.tools["t.rounds"] = two_rounds;
    toolbox.tools["t.live"] = asks_live;
    claimed.claim = {RunId{1}, 1, "token"};
    claimed.session.slug = "test";
    claimed.lane = "A";
  }

  void plan(const std::string& tool, std::function<void(runbook::PlanStep&)> more = {}) {
    runbook::Plan plan;
    plan.name = "test";
    plan.inputs = Json{{"type", "object"}};
    runbook::PlanStep step;
    step.id = "s1";
    step.tool = tool;
    step.with = Json{{"attempt", "${{ run.attempt }}"}};
    step.timeout = Milliseconds(10'000);
    if (more) more(step);
    plan.steps.push_back(std::move(step));
    claimed.plan = runbook::to_json(plan);
  }

  /// The next claim, as the database hands the run out: its rows as they were written last.
  void claim_again() {
    ++claimed.claim.attempt;
    claimed.last_seq = 0;
    for (const Event& event : books.events)
      claimed.last_seq = std::max(claimed.last_seq, event.last_seq());
    claimed.steps = {books.last_step};
    claimed.inputs.clear();
    books.told.clear();
  }

  void reply(std::string key, InputReply reply) {
    InputRequest input;
    input.position = 1;
    input.ask = question(std::move(key));
    input.reply = std::move(reply);
    claimed.inputs.push_back(std::move(input));
  }

  void accept(std::string key, std::string value) {
    reply(std::move(key), {InputAction::accept, Json{{"value", value}}});
  }

  void tell(std::function<Task<>(InputTest&)> meanwhile = {}, RunSessionOptions options = {}) {
    Ports ports{books, books, lanes, toolbox, desk};
    RunSession session(io.get_executor(), claimed, ports, leases, abandon, options);
    run_to_end(
        io,
        [](RunSession& session, InputTest& test, std::function<Task<>(InputTest&)>& meanwhile
        ) -> Task<> {
          const auto executor = co_await asio::this_coro::executor;
          TaskGroup beside(executor);
          beside.start(session.run(), [](std::exception_ptr) { ADD_FAILURE(); });
          if (meanwhile) {
            auto going_on = meanwhile(test);
            co_await std::move(going_on);
          }
          co_await beside.wait_until_at_most(0);
        }(session, *this, meanwhile)
    );
    EXPECT_EQ(toolbox.open_tools, 0) << "the run's tools were left open";
    EXPECT_EQ(leases.held(), 0u);
    EXPECT_EQ(desk.open, 0);
  }

  static Task<> until_shown_as_waiting(InputTest& test) {
    while (test.books.told.empty() || test.books.told.back() != "step 1 waiting")
      co_await pause_for(1ms);
  }
};

}  // namespace opsroom::engine
