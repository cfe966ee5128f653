#include "support/web/test_site.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace opsroom::testing {
namespace {

constexpr std::string_view deploy_runbook = R"(name: deploy
description: Ships a version
inputs:
  type: object
  properties:
    version: { type: string }
    count: { type: integer, default: 3 }
  required: [version]
intents:
  - deploy {version}
steps:
  - id: ship
    tool: exec.run
    with: { command: ["true"] }
)";

/// Something wrong comes back as the documented error, and says what.
void expect_error(const Answer& answer, int status, const char* code, const char* says) {
  EXPECT_EQ(answer.status, status) << answer.body;
  EXPECT_EQ(answer.header("content-type"), "application/json");
  const Json error = answer.json().at("error");
  EXPECT_EQ(error.at("code"), code) << answer.body;
  EXPECT_NE(answer.body.find(says), std::string::npos) << answer.body;
  EXPECT_TRUE(error.at("hint").is_null() || error.at("hint").is_string());
}

class Routes : public ::testing::Test {
 protected:
  Routes() {
    site.runbooks.write("deploy.yaml", deploy_runbook);
    site.on_io([this] {
      session = site.ledger.add_session("first");
      run = site.ledger.add_run(session, "A");
      site.ledger.add_event(run, "run.started");
      site.ledger.add_event(run, "log", {"one", "two", "three"});
      Step step;
      step.position = 1;
      step.id = "test";
      step.tool = "exec.run";
      site.ledger.step_rows[run].push_back(step);
    });
  }

  TestSite site;
  SessionId session;
  RunId run;
};

TEST_F(Routes, HealthNeedsNoCredentialAndTellsOfTheDatabase) {
  EXPECT_EQ(site.ask("GET", "/healthz").json().at("database"), "ok");
  EXPECT_EQ(site.ask("GET", "/readyz", {site.admin_header()}).status, 200);
  site.on_io([this] { site.database_ok = false; });
  const Answer health = site.ask("GET", "/healthz");
  EXPECT_EQ(health.status, 200);
  EXPECT_EQ(health.json().at("status"), "ok");
  EXPECT_EQ(health.json().at("database"), "unreachable");
  EXPECT_EQ(site.ask("GET", "/readyz", {site.admin_header()}).status, 503);
}

TEST_F(Routes, EveryAnswerCarriesTheSecurityHeaders) {
  for (const char* target : {"/", "/healthz", "/api/me", "/api/sessions", "/nothing.txt", "/%zz"}) {
    const Answer answer = site.ask("GET", target);
    EXPECT_NE(
        answer.header("content-security-policy").find("default-src 'none'"), std::string::npos
    ) << target;
    EXPECT_EQ(answer.header("x-content-type-options"), "nosniff") << target;
    EXPECT_EQ(answer.header("referrer-policy"), "no-referrer") << target;
    EXPECT_EQ(answer.header("cross-origin-opener-policy"), "same-origin") << target;
    EXPECT_EQ(answer.header("cross-origin-resource-policy"), "same-origin") << target;
    EXPECT_EQ(answer.header("cache-control"), "no-store") << target;
  }
}

TEST_F(Routes, SessionsAreListedMadeAndShown) {
  const Answer made = site.admin(
      "POST", "/api/sessions", R"({"title": "second", "repository": "/repo", "base": null})"
  );
  EXPECT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(made.json().at("repository"), "/repo");
  const Json list = site.admin("GET", "/api/sessions").json().at("sessions");
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list.at(0).at("title"), "second");
  EXPECT_EQ(site.admin("GET", "/api/sessions?limit=1").json().at("sessions").size(), 1u);
}

TEST_F(Routes, BadSessionsAreRefusedByField) {
  const auto post = [&](std::string_view body) {
    return site.admin("POST", "/api/sessions", body);
  };
  expect_error(post(R"({})"), 422, "invalid", "/title");
  expect_error(post(R"({"title": "  "})"), 422, "invalid", "/title");
  expect_error(post(R"({"title": 5})"), 422, "invalid", "/title");
  expect_error(post(R"({"title": "x", "repo": "y"})"), 422, "invalid", "/repo");
  expect_error(post(R"({"title": "x", "base": []})"), 422, "invalid", "/base");
  expect_error(post("[1]"), 422, "invalid", "object");
  expect_error(post("{\"title\": "), 422, "invalid", "not JSON");
  expect_error(post(std::string(200, '[')), 422, "invalid", "nested deeper");
  expect_error(post(Json{{"title", std::string(201, 'x')}}.dump()), 422, "invalid", "longer");
}

TEST_F(Routes, ASessionShowsItsLanes) {
  site.on_io([this] {
    site.ledger.add_run(session, "A", RunStatus::blocked);
    site.ledger.add_run(session, "B", RunStatus::succeeded);
    site.ledger.add_run(session, "B", RunStatus::failed);
    site.ledger.add_run(session, "docs", RunStatus::queued);
  });
  const Json lanes = site.admin("GET", "/api/sessions/1").json().at("lanes");
  ASSERT_EQ(lanes.size(), 5u);
  EXPECT_EQ(lanes.at(0).at("lane"), "A");
  EXPECT_EQ(lanes.at(0).at("run").at("status"), "running");
  EXPECT_EQ(lanes.at(0).at("queued"), 1);
  EXPECT_EQ(lanes.at(1).at("run").at("status"), "failed") << "the newest";
  EXPECT_TRUE(lanes.at(2).at("run").is_null());
  EXPECT_EQ(lanes.at(4).at("lane"), "docs");
  EXPECT_EQ(lanes.at(4).at("queued"), 0) << "the shown run does not wait behind itself";
}

TEST_F(Routes, WhatDoesNotExistIsNamed) {
  for (const char* target :
       {"/api/sessions/99",
        "/api/runs/99",
        "/api/runs/99/steps",
        "/api/runs/99/events",
        "/api/runs/99/log",
        "/api/runs/99/artifacts",
        "/api/artifacts/99",
        "/api/artifacts/99/content",
        "/api/artifacts/99/diff",
        "/api/sessions/99/lanes/A/diff",
        "/api/stream?run=99",
        "/api/stream?session=99"}) {
    expect_error(site.admin("GET", target), 404, "not_found", "99 does not exist");
  }
  for (const char* id :
       {"abc", "0", "-1", "1e3", "01", "+1", "1.0", "99999999999999999999", "%31x"}) {
    EXPECT_EQ(site.admin("GET", fmt::format("/api/runs/{}", id)).status, 404) << id;
  }
  expect_error(site.admin("POST", "/api/runs/99/cancel"), 404, "not_found", "run 99");
}

TEST_F(Routes, AWrongMethodIsToldTheRightOnes) {
  const Answer answer = site.admin("DELETE", "/api/sessions");
  expect_error(answer, 405, "unsupported", "DELETE");
  EXPECT_EQ(answer.header("allow"), "GET, HEAD, POST");
  EXPECT_EQ(site.admin("GET", "/run").status, 405);
  EXPECT_EQ(site.admin("PATCH", "/api/runs/1").status, 405);
  EXPECT_EQ(site.admin("BREW", "/api/runs").status, 405);
  expect_error(site.admin("GET", "/api/nothing"), 404, "not_found", "/api/nothing");
  expect_error(site.admin("POST", "/nothing"), 404, "not_found", "/nothing");
}

TEST_F(Routes, HeadAnswersLikeGetWithoutABody) {
  const Answer get = site.admin("GET", "/api/runs/1");
  const Answer head = site.admin("HEAD", "/api/runs/1");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.header("content-length"), std::to_string(get.body.size()));
  EXPECT_EQ(site.admin("HEAD", "/api/stream?run=1").status, 200);
  EXPECT_EQ(site.admin("HEAD", "/api/runs/1/log").status, 200);
}

TEST_F(Routes, RunsAreListedByFilter) {
  site.on_io([this] { site.ledger.add_run(session, "B", RunStatus::failed); });
  const auto count = [&](const std::string& query) {
    return site.admin("GET", "/api/runs" + query).json().at("runs").size();
  };
  EXPECT_EQ(count(""), 2u);
  EXPECT_EQ(count("?session=1&lane=B"), 1u);
  EXPECT_EQ(count("?status=running"), 1u);
  EXPECT_EQ(count("?before=2"), 1u);
  EXPECT_EQ(count("?limit=1"), 1u);
  EXPECT_EQ(count("?session=2"), 0u);
  for (const char* query :
       {"?limit=0",
        "?limit=1001",
        "?limit=x",
        "?limit=",
        "?session=x",
        "?session=0",
        "?before=-1",
        "?status=odd",
        "?lane=..%2Fx",
        "?limit=1&limit=2"}) {
    EXPECT_EQ(site.admin("GET", std::string("/api/runs") + query).status, 422) << query;
  }
}

TEST_F(Routes, ARunShowsItsStepsEventsAndLog) {
  EXPECT_EQ(site.admin("GET", "/api/runs/1").json().at("steps").at(0).at("tool"), "exec.run");
  EXPECT_EQ(site.admin("GET", "/api/runs/1/steps").json().at("steps").size(), 1u);
  const Json all = site.admin("GET", "/api/runs/1/events").json();
  EXPECT_EQ(all.at("events").size(), 2u);
  EXPECT_EQ(all.at("last_seq"), 4);
  const Json rest = site.admin("GET", "/api/runs/1/events?after=2").json();
  EXPECT_EQ(rest.at("events").at(0).at("lines"), (Json{"two", "three"}));
  EXPECT_EQ(rest.at("events").at(0).at("seq"), 3);
  EXPECT_EQ(site.admin("GET", "/api/runs/1/events?after=-1").status, 422);
  const Answer log = site.admin("GET", "/api/runs/1/log");
  EXPECT_EQ(log.body, "one\ntwo\nthree\n");
  EXPECT_EQ(log.header("content-type"), "text/plain; charset=utf-8");
}

TEST_F(Routes, ALongLogComesWhole) {
  site.on_io([this] {
    for (int i = 0; i < 5000; ++i)
      site.ledger.add_event(run, "log", {fmt::format("line {}", i)});
  });
  const std::string log = site.admin("GET", "/api/runs/1/log").body;
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 5003);
  EXPECT_TRUE(log.ends_with("line 4999\n"));
}

TEST_F(Routes, CancelAndAnswerSayWhoDidIt) {
  EXPECT_FALSE(site.admin("POST", "/api/runs/1/cancel", "{}").json().at("canceled_at").is_null());
  EXPECT_EQ(site.admin("POST", "/api/runs/1/cancel").status, 200) << "a body is not needed";
  expect_error(
      site.admin("POST", "/api/runs/1/answer", R"({"decision": "retry"})"), 409, "conflict", "run 1"
  );
  expect_error(
      site.admin("POST", "/api/runs/1/answer", R"({"decision": "maybe"})"), 422, "invalid", "maybe"
  );
  site.on_io([this] { site.ledger.run_rows[run].status = RunStatus::waiting; });
  EXPECT_EQ(site.admin("POST", "/api/runs/1/answer", R"({"decision": "skip"})").status, 200);
  const auto done = site.on_io([this] { return site.ledger.done; });
  EXPECT_EQ(
      done,
      (std::vector<std::string>{
          "cancel 1 by operator", "cancel 1 by operator", "skip 1 by operator"
      })
  );
}

TEST_F(Routes, ARunIsEnqueuedByNameDefinitionOrIntent) {
  const Answer by_name = site.admin(
      "POST",
      "/run",
      R"({"session_id": 1, "lane": "B", "runbook": "deploy", "inputs": {"version": "1"},
          "priority": 5, "dedupe_key": "k"})"
  );
  EXPECT_EQ(by_name.status, 201) << by_name.body;
  EXPECT_EQ(by_name.json().at("runbook"), "deploy");
  EXPECT_EQ(by_name.json().at("inputs"), (Json{{"version", "1"}, {"count", 3}}));

  const Answer by_intent =
      site.admin("POST", "/run", R"({"session_id": 1, "lane": "A", "intent": "Deploy v2"})");
  EXPECT_EQ(by_intent.status, 201) << by_intent.body;
  EXPECT_EQ(by_intent.json().at("inputs").at("version"), "v2");

  const Json own = {
      {"session_id", 1},
      {"lane", "C"},
      {"definition", "name: own\nsteps:\n  - id: a\n    tool: exec.run\n"},
  };
  const Answer by_definition = site.admin("POST", "/run", own.dump());
  EXPECT_EQ(by_definition.status, 201) << by_definition.body;
  const auto enqueued = site.on_io([this] { return site.ledger.enqueued; });
  ASSERT_EQ(enqueued.size(), 3u);
  EXPECT_EQ(enqueued.at(0).dedupe_key, "k");
  EXPECT_EQ(enqueued.at(0).who, "operator");
  EXPECT_EQ(enqueued.at(0).priority, 5);
  EXPECT_EQ(enqueued.at(2).plan.at("name"), "own");
}

TEST_F(Routes, ARunIsOfTheTraceOfWhoWantsIt) {
  const auto trace_of = [&](std::vector<std::string> headers) {
    headers.push_back(site.admin_header());
    headers.emplace_back("Content-Type: application/json");
    const Answer answer = site.ask(
        "POST",
        "/run",
        headers,
        R"({"session_id": 1, "lane": "A", "runbook": "deploy", "inputs": {"version": "1"}})"
    );
    EXPECT_EQ(answer.status, 201) << answer.body;
    return site.on_io([this] {
      const NewRun& run = site.ledger.enqueued.back();
      return run.traceparent + " " + run.tracestate;
    });
  };
  const std::string parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::string header = "traceparent: " + parent;
  EXPECT_EQ(trace_of({header, "tracestate: a=1"}), parent + " a=1");
  EXPECT_EQ(trace_of({"TraceParent: " + parent}), parent + " ");
  EXPECT_EQ(trace_of({header, "tracestate: a=1", "tracestate: b=2"}), parent + " a=1,b=2");
  EXPECT_EQ(trace_of({header, "tracestate: not a state"}), parent + " ");
  EXPECT_EQ(trace_of({"tracestate: a=1"}), " ") << "means nothing without a parent";
  EXPECT_EQ(trace_of({"traceparent: 00-0-0-01", "tracestate: a=1"}), " ");
  EXPECT_EQ(trace_of({header, header}), " ") << "two parents are none";
}

TEST_F(Routes, WhatCannotRunIsRefusedBeforeItIsEnqueued) {
  const auto post = [&](std::string_view rest) {
    return site.admin("POST", "/run", fmt::format(R"({{"session_id": 1, "lane": "A"{}}})", rest));
  };
  expect_error(post(""), 422, "invalid", "what to run");
  expect_error(post(R"(, "intent": "make tea")"), 422, "invalid", "deploy");
  expect_error(post(R"(, "runbook": "deplo", "inputs": {})"), 404, "not_found", "deploy");
  expect_error(post(R"(, "runbook": "deploy")"), 422, "invalid", "version");
  expect_error(post(R"(, "runbook": "deploy", "inputs": [])"), 422, "invalid", "/inputs");
  expect_error(post(R"(, "definition": "steps: 5")"), 422, "invalid", "definition");
  expect_error(post(R"(, "runbook": "a", "definition": "b")"), 422, "invalid", "both");
  expect_error(post(R"(, "intent": "x", "priority": -1)"), 422, "invalid", "/priority");
  expect_error(post(R"(, "intent": "x", "priority": "high")"), 422, "invalid", "/priority");
  expect_error(post(R"(, "intent": "x", "defintion": "y")"), 422, "invalid", "definition");
  const auto body = [&](std::string_view text) { return site.admin("POST", "/run", text); };
  expect_error(body(R"({"session_id": 99, "lane": "A", "intent": "x"})"), 404, "not_found", "99");
  for (const char* id : {"0", "-1", "1.5", "\"1\"", "null", "18446744073709551615"}) {
    expect_error(
        body(fmt::format(R"({{"session_id": {}, "lane": "A", "intent": "x"}})", id)),
        422,
        "invalid",
        "/session_id"
    );
  }
  for (const char* lane : {"", "../x", "a/b", "-x", "_x", ".git", "a b", "ä"}) {
    const Json bad = {{"session_id", 1}, {"lane", lane}, {"intent", "x"}};
    EXPECT_EQ(body(bad.dump()).status, 422) << lane;
  }
  EXPECT_TRUE(site.on_io([this] { return site.ledger.enqueued.empty(); }));
}

TEST_F(Routes, TheRunbooksAreListedWithTheirSteps) {
  const Json list = site.admin("GET", "/api/runbooks").json().at("runbooks");
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list.at(0).at("name"), "deploy");
  EXPECT_EQ(list.at(0).at("steps"), (Json::parse(R"([{"id": "ship", "tool": "exec.run"}])")));
  EXPECT_EQ(list.at(0).at("intents").at(0), "deploy {version}");
}

TEST_F(Routes, ArtifactsComeAsAttachmentsThatCannotAct) {
  const auto id = site.on_io([this] {
    const auto made = site.ledger.add_artifact(run, "file", "out/evil \"é\".svg", "<svg/>");
    site.ledger.artifact_rows[made].media_type = "image/svg+xml";
    return made;
  });
  EXPECT_EQ(site.admin("GET", "/api/runs/1/artifacts").json().at("artifacts").size(), 1u);
  EXPECT_EQ(site.admin("GET", "/api/artifacts/1").json().at("id"), id.value);
  const Answer content = site.admin("GET", "/api/artifacts/1/content");
  EXPECT_EQ(content.body, "<svg/>");
  EXPECT_EQ(content.header("content-type"), "application/octet-stream");
  EXPECT_EQ(content.header("content-security-policy"), "sandbox; default-src 'none'");
  EXPECT_EQ(
      content.header("content-disposition"),
      "attachment; filename=\"evil_____.svg\"; filename*=UTF-8''evil%20%22%C3%A9%22.svg"
  );
  expect_error(site.admin("GET", "/api/artifacts/1/diff"), 422, "invalid", "not a diff");
}

TEST_F(Routes, ADiffIsParsedAndTheLanesLatestIsFound) {
  expect_error(site.admin("GET", "/api/sessions/1/lanes/A/diff"), 404, "not_found", "no diff yet");
  site.on_io([this] {
    const auto made = site.ledger.add_artifact(
        run, "diff", "lane", "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
    );
    site.ledger.artifact_rows[made].meta = {{"base", "abc"}, {"head", "def"}, {"branch", "b"}};
  });
  const Json diff = site.admin("GET", "/api/sessions/1/lanes/A/diff").json();
  EXPECT_EQ(diff.at("run_id"), 1);
  EXPECT_EQ(diff.at("base"), "abc");
  EXPECT_EQ(diff.at("files").at(0).at("hunks").at(0).at("lines").size(), 2u);
  EXPECT_EQ(site.admin("GET", "/api/artifacts/1/diff").json(), diff);
}

TEST_F(Routes, AWorkerClaimsBeatsAndFinishes) {
  site.on_io([this] {
    ClaimedRun claimed;
    claimed.run = site.ledger.run_rows[run];
    claimed.claim = Claim{run, 1, "good"};
    claimed.session = site.ledger.session_rows[session];
    claimed.plan = {{"name", "deploy"}};
    claimed.last_seq = 4;
    site.queue.claimable.push_back(claimed);
  });
  const auto post = [&](const char* target, std::string_view body) {
    return site.ask("POST", target, {site.worker_header(), "Content-Type: application/json"}, body);
  };
  const Json claimed = post("/claim", R"({"worker": "w1", "count": 2})").json().at("runs");
  ASSERT_EQ(claimed.size(), 1u);
  EXPECT_EQ(claimed.at(0).at("claim_token"), "good");
  EXPECT_EQ(claimed.at(0).at("plan").at("name"), "deploy");
  EXPECT_EQ(claimed.at(0).at("session").at("title"), "first");
  EXPECT_EQ(claimed.at(0).at("last_seq"), 4);
  const Json beats = post(
                         "/heartbeat",
                         R"({"worker": "w1", "claims": [{"run_id": 1, "claim_token": "good"},
                                                         {"run_id": 2, "claim_token": "old"}]})"
  )
                         .json()
                         .at("runs");
  EXPECT_EQ(beats.at(0), (Json{{"run_id", 1}, {"lost", false}, {"cancel_requested", false}}));
  EXPECT_EQ(beats.at(1).at("lost"), true);
  expect_error(
      post("/finish", R"({"run_id": 1, "claim_token": "old", "status": "failed"})"),
      409,
      "conflict",
      "run 1"
  );
  const Answer finished = post(
      "/finish", R"({"run_id": 1, "claim_token": "good", "status": "failed", "error": "it broke"})"
  );
  EXPECT_EQ(finished.status, 200) << finished.body;
  const auto done = site.on_io([this] { return site.queue.done; });
  EXPECT_EQ(
      done, (std::vector<std::string>{"claim w1 2", "heartbeat w1 2", "finish 1 failed it broke"})
  );
  expect_error(post("/claim", R"({"worker": "w1", "count": 0})"), 422, "invalid", "/count");
  expect_error(post("/claim", R"({"worker": "w1", "count": 101})"), 422, "invalid", "/count");
  expect_error(post("/claim", R"({"count": 1})"), 422, "invalid", "/worker");
  expect_error(post("/heartbeat", R"({"worker": "w1", "claims": 5})"), 422, "invalid", "/claims");
  expect_error(
      post("/finish", R"({"run_id": 1, "claim_token": "good", "status": "running"})"),
      422,
      "invalid",
      "running"
  );
}

TEST_F(Routes, WorkersAreListed) {
  site.on_io([this] { site.ledger.worker_rows.push_back({"w1", 4, 2, "", true}); });
  const Json workers = site.admin("GET", "/api/workers").json().at("workers");
  EXPECT_EQ(workers.at(0).at("slots"), 4);
  EXPECT_TRUE(workers.at(0).at("heartbeat_at").is_null());
}

TEST_F(Routes, ADatabaseThatIsAwayIs503OnEveryReadingRoute) {
  site.on_io([this] { site.ledger.down = true; });
  for (const char* target :
       {"/api/sessions",
        "/api/sessions/1",
        "/api/runs",
        "/api/runs/1",
        "/api/runs/1/log",
        "/api/artifacts/1",
        "/api/workers",
        "/api/stream?run=1",
        "/api/stream?session=1"}) {
    const Answer answer = site.admin("GET", target);
    expect_error(answer, 503, "unavailable", "database");
    EXPECT_FALSE(answer.header("retry-after").empty());
  }
  EXPECT_EQ(site.ask("GET", "/healthz").status, 200);
}

TEST_F(Routes, OnlyJsonBodiesAreTaken) {
  const Answer answer = site.ask(
      "POST", "/api/sessions", {site.admin_header(), "Content-Type: text/plain"}, R"({"title":"x"})"
  );
  expect_error(answer, 415, "invalid", "text/plain");
  EXPECT_EQ(
      site.ask(
              "POST",
              "/api/sessions",
              {site.admin_header(), "Content-Type: application/json; charset=utf-8"},
              R"({"title":"x"})"
      )
          .status,
      201
  );
}

}  // namespace
}  // namespace opsroom::testing
