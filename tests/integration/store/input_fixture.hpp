#pragma once

#include "integration/store/fixture.hpp"
#include "store/pg_input_desk.hpp"
#include "store/pg_server_memory.hpp"

#include <atomic>
#include <thread>

namespace opsroom::test {

/// Runs that wait for people.
class InputTest : public StoreTest {
 protected:
  static Json schema() {
    return Json{
        {"type", "object"},
        {"properties", {{"name", {{"type", "string"}, {"default", nullptr}}}}},
    };
  }
  static Json state() { return Json{{"requestState", "opaque"}, {"round", 1}}; }
  static InputAsk ask(std::string key) {
    Json params{{"message", "Your " + key + "?"}, {"requestedSchema", schema()}};
    return InputAsk{std::move(key), "elicitation/create", std::move(params)};
  }
  static InputReply accept(std::string name) {
    return InputReply{InputAction::accept, Json{{"name", std::move(name)}}};
  }

  void suspend(
      const Claim& claim,
      std::vector<InputAsk> asks,
      std::vector<Event> told = {},
      std::optional<Milliseconds> look_again = std::nullopt
  ) {
    StepChange change{step(1, StepStatus::waiting), std::move(told)};
    Suspension suspension{state(), std::move(asks), look_again, "the server asks"};
    loop.wait(queue.suspend(claim, std::move(change), std::move(suspension)));
  }
  InputId only_question(RunId run) {
    const auto open = loop.wait(ledger.inputs(run, true));
    if (open.size() != 1) throw std::runtime_error("not one open question");
    return open[0].id;
  }
  InputRequest answer(InputId id, std::string name = "Ann") {
    return loop.wait(ledger.answer_input(id, accept(std::move(name)), "ann"));
  }
  void make_due(RunId id) {
    db.psql(
        "update ops.runs set look_again = now() - interval '1 second' where id = " +
        std::to_string(id.value)
    );
  }
};

}  // namespace opsroom::test
