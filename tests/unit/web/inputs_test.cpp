#include "support/web/test_site.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace opsroom::testing {
namespace {

const Json form = {
    {"mode", "form"},
    {"message", "Who are you?"},
    {"requestedSchema",
     {{"type", "object"},
      {"properties",
       {{"name", {{"type", "string"}}},
        {"age", {{"type", "integer"}, {"maximum", 120}, {"default", 18}}}}},
      {"required", {"name"}}}},
};

/// A run that waits for the answer to one question.
class Questions : public ::testing::Test {
 protected:
  Questions() {
    site.on_io([this] {
      const auto session = site.ledger.add_session("first");
      run = site.ledger.add_run(session, "A", RunStatus::waiting);
      other = site.ledger.add_run(session, "B", RunStatus::running);
      question = site.ledger.add_input(run, form);
    });
  }

  void expect_error(const Answer& answer, int status, const char* says) {
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_NE(answer.body.find(says), std::string::npos) << answer.body;
  }
  std::vector<std::string> done() {
    return site.on_io([this] { return site.ledger.done; });
  }

  TestSite site;
  RunId run;
  RunId other;
  InputId question;
};

TEST_F(Questions, WhoAnsweredIsInTheAuditLogAfterTheCalls) {
  site.on_io([this] {
    AuditEntry call;
    call.id = 1;
    call.kind = "call";
    call.run = run;
    call.tool = "forms.register";
    call.position = 1;
    call.took_us = 1500;
    call.delivery = "answered";
    AuditEntry answer;
    answer.id = 2;
    answer.kind = "answer";
    answer.run = run;
    answer.who = "operator";
    answer.outcome = "accept";
    site.ledger.audit_rows = {call, answer};
  });
  const Json audit = site.admin("GET", "/api/runs/1/audit").json().at("audit");
  ASSERT_EQ(audit.size(), 2u);
  EXPECT_EQ(audit.at(0).at("took_us"), 1500);
  EXPECT_TRUE(audit.at(0).at("who").is_null());
  EXPECT_EQ(audit.at(1).at("who"), "operator");
  EXPECT_TRUE(audit.at(1).at("took_us").is_null()) << "says nothing of an answer";
  EXPECT_EQ(site.admin("GET", "/api/runs/9/audit").json().at("audit"), Json::array());
}

TEST_F(Questions, AreListedByRunAndByWhetherTheyAreOpen) {
  site.on_io([this] {
    const auto old = site.ledger.add_input(other, form);
    site.ledger.input_rows[old].expired = true;
  });
  const auto count = [&](const std::string& query) {
    return site.admin("GET", "/api/inputs" + query).json().at("inputs").size();
  };
  EXPECT_EQ(count(""), 2u);
  EXPECT_EQ(count("?open=1"), 1u);
  EXPECT_EQ(count("?open=0"), 2u);
  EXPECT_EQ(count("?run=2"), 1u);
  EXPECT_EQ(count("?run=2&open=1"), 0u);
  expect_error(site.admin("GET", "/api/inputs?run=99"), 404, "run 99");
  expect_error(site.admin("GET", "/api/inputs?run=x"), 422, "run");
  expect_error(site.admin("GET", "/api/inputs?open=yes"), 422, "open is 'yes'");
}

TEST_F(Questions, OneIsShownAsItWasAsked) {
  const Json shown = site.admin("GET", "/api/inputs/1").json();
  EXPECT_EQ(shown.at("run_id"), run.value);
  EXPECT_EQ(shown.at("tool"), "forms.register");
  EXPECT_EQ(shown.at("step"), "ask");
  EXPECT_EQ(shown.at("params"), form);
  EXPECT_EQ(shown.at("open"), true);
  for (const char* nothing : {"action", "content", "answered_by", "answered_at", "expires_at"})
    EXPECT_TRUE(shown.at(nothing).is_null()) << nothing;
  expect_error(site.admin("GET", "/api/inputs/9"), 404, "question 9 does not exist");
  expect_error(site.admin("GET", "/api/inputs/x"), 404, "question x does not exist");
}

TEST_F(Questions, ARunThatWaitsShowsThem) {
  EXPECT_EQ(site.admin("GET", "/api/runs/1").json().at("questions").at(0).at("id"), 1);
  EXPECT_EQ(site.admin("GET", "/api/runs/2").json().at("questions"), Json::array());
}

TEST_F(Questions, AnAnswerIsCheckedCompletedAndSaysWhoGaveIt) {
  const Answer answer = site.admin(
      "POST", "/api/inputs/1/answer", R"({"action": "accept", "content": {"name": "Ada"}})"
  );
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json().at("action"), "accept");
  EXPECT_EQ(answer.json().at("content"), (Json{{"name", "Ada"}, {"age", 18}}));
  EXPECT_EQ(answer.json().at("answered_by"), "operator");
  EXPECT_EQ(answer.json().at("open"), false);
  EXPECT_EQ(done(), std::vector<std::string>{R"(accept 1 {"age":18,"name":"Ada"} by operator)"});
}

TEST_F(Questions, AnAnswerThatDoesNotFitNamesItsFields) {
  const Answer answer = site.admin(
      "POST", "/api/inputs/1/answer", R"({"action": "accept", "content": {"age": 130}})"
  );
  expect_error(answer, 422, "/age: must be at most 120, got 130 (maximum)");
  const Json problems = answer.json().at("error").at("problems");
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(
      problems.at(0), (Json{{"pointer", "/name"}, {"rule", "required"}, {"message", "is required"}})
  );
  EXPECT_EQ(problems.at(1).at("pointer"), "/age");
  const auto post = [&](std::string_view body) {
    return site.admin("POST", "/api/inputs/1/answer", body);
  };
  expect_error(post(R"({})"), 422, "/action");
  expect_error(post(R"({"action": "approve"})"), 422, "approve");
  expect_error(post(R"({"action": "accept", "contents": {}})"), 422, "content");
  expect_error(post(R"({"action": "accept", "content": []})"), 422, "object");
  expect_error(post(R"({"action": "decline", "content": {"name": "Ada"}})"), 422, "no content");
  EXPECT_TRUE(done().empty());
}

TEST_F(Questions, DecliningAndCancelingNeedNoContent) {
  site.on_io([this] { site.ledger.add_input(other, form); });
  EXPECT_EQ(site.admin("POST", "/api/inputs/1/answer", R"({"action": "decline"})").status, 200);
  EXPECT_EQ(
      site.admin("POST", "/api/inputs/2/answer", R"({"action": "cancel", "content": null})").status,
      200
  );
  EXPECT_EQ(
      done(), (std::vector<std::string>{"decline 1 null by operator", "cancel 2 null by operator"})
  );
}

TEST_F(Questions, ASecondAnswerIsToldWhoWasFirst) {
  const auto accept = [&] {
    return site.admin(
        "POST", "/api/inputs/1/answer", R"({"action": "accept", "content": {"name": "Ada"}})"
    );
  };
  EXPECT_EQ(accept().status, 200);
  expect_error(accept(), 409, "question 1 was answered by operator (accept)");
  site.on_io([this] {
    site.ledger.input_rows[question].reply.reset();
    site.ledger.input_rows[question].expired = true;
  });
  expect_error(accept(), 409, "question 1 has expired");
  expect_error(
      site.admin("POST", "/api/inputs/9/answer", R"({"action": "cancel"})"), 404, "question 9"
  );
  EXPECT_EQ(done().size(), 1u);
}

TEST_F(Questions, AnsweringNeedsTheRightToChangeThings) {
  const Answer worker = site.ask(
      "POST",
      "/api/inputs/1/answer",
      {site.worker_header(), "Content-Type: application/json"},
      R"({"action": "cancel"})"
  );
  EXPECT_EQ(worker.status, 403) << worker.body;
  EXPECT_EQ(site.ask("GET", "/api/inputs", {site.worker_header()}).status, 200);
  EXPECT_EQ(site.ask("GET", "/api/inputs").status, 401);
  EXPECT_TRUE(done().empty());
}

TEST_F(Questions, AnAnswerIsShownToThoseAloneWhoMayAnswer) {
  site.admin("POST", "/api/inputs/1/answer", R"({"action": "accept", "content": {"name": "Ada"}})");
  for (const char* target : {"/api/inputs", "/api/inputs/1", "/api/inputs?run=1"}) {
    const auto one = [&](const std::string& credential) {
      const Json body = site.ask("GET", target, {credential}).json();
      return body.contains("inputs") ? body.at("inputs").at(0) : body;
    };
    EXPECT_EQ(one(site.admin_header()).at("content").at("name"), "Ada") << target;
    const Json other_sees = one(site.worker_header());
    EXPECT_TRUE(other_sees.at("content").is_null()) << target;
    EXPECT_EQ(other_sees.at("action"), "accept");
    EXPECT_EQ(other_sees.at("answered_by"), "operator");
    EXPECT_EQ(other_sees.at("open"), false);
  }
}

TEST_F(Questions, ASecretIsGivenToTheWorkerAndShownToNobodyAgain) {
  site.on_io([this] {
    Json asks = form;
    asks["requestedSchema"]["properties"] = {{"password", {{"type", "string"}}}};
    asks["requestedSchema"]["required"] = Json::array({"password"});
    site.ledger.input_rows[question].ask.params = asks;
  });
  const Answer answered = site.admin(
      "POST", "/api/inputs/1/answer", R"({"action": "accept", "content": {"password": "hunter2"}})"
  );
  EXPECT_EQ(answered.status, 200) << answered.body;
  EXPECT_EQ(done().at(0), R"(accept 1 {"password":"hunter2"} by operator)");
  EXPECT_EQ(answered.body.find("hunter2"), std::string::npos);
  const Answer shown = site.admin("GET", "/api/inputs/1");
  EXPECT_EQ(shown.json().at("content").at("password"), "[redacted]");

  site.on_io([this] {
    ClaimedRun claimed;
    claimed.inputs = {site.ledger.input_rows[question]};
    site.queue.claimable = {claimed};
  });
  const Answer claim = site.ask(
      "POST",
      "/claim",
      {site.worker_header(), "Content-Type: application/json"},
      R"({"worker": "w", "count": 1})"
  );
  EXPECT_EQ(
      claim.json().at("runs").at(0).at("questions").at(0).at("content").at("password"), "hunter2"
  );
}

TEST_F(Questions, TheOnlyOneOfARunIsAnsweredByItsRun) {
  const auto post = [&](const char* target, std::string_view body) {
    return site.admin("POST", target, body);
  };
  constexpr std::string_view ada = R"({"action": "accept", "content": {"name": "Ada"}})";
  expect_error(post("/api/runs/2/answer", ada), 409, "run 2 asks nothing");
  expect_error(post("/api/runs/9/answer", ada), 404, "run 9");
  expect_error(
      post("/api/runs/1/answer", R"({"action": "accept", "decision": "retry"})"), 422, "both"
  );
  site.on_io([this] { site.ledger.add_input(run, form); });
  expect_error(post("/api/runs/1/answer", ada), 409, "run 1 asks 2 questions: 2, 1");
  EXPECT_EQ(post("/api/inputs/2/answer", ada).status, 200);
  const Answer answered = post("/api/runs/1/answer", ada);
  EXPECT_EQ(answered.status, 200) << answered.body;
  EXPECT_EQ(answered.json().at("id"), run.value) << "the run is answered with";
  EXPECT_EQ(done().size(), 2u);
}

}  // namespace
}  // namespace opsroom::testing
