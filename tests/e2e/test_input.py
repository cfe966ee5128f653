"""What tools ask people, answered after everything has been restarted in between."""
import json
import os
import sys
import unittest

from harness import ROOT, Room, alive, request, until

FIXTURES = ROOT / "tests" / "fixtures" / "mcp"

RUNBOOK = """
name: %s
steps:
  - id: call
    tool: %s
    with: { attempt: "${{ run.attempt }}" }
"""
APPROVAL = """
name: approval
steps:
  - id: ship
    tool: ask.approval
    with: { message: "Ship it?" }
"""
FLAKY = """
name: flaky
steps:
  - id: call
    tool: exec.run
    with: { command: [test, -e, "%s"] }
    retry: { attempts: 3, backoff: 1h }
"""
QUICK = """
name: quick
steps:
  - id: echo
    tool: exec.run
    with: { command: [echo, quick] }
"""


class InputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = Room()
        cls.addClassCleanup(cls.room.close)
        cls.token = cls.room.token()
        for name, tool in (("register", "modern.register"), ("build", "modern.build"),
                           ("ask", "legacy.register"), ("hurry", "hasty.register")):
            cls.room.runbook(name, RUNBOOK % (name, tool))
        cls.room.runbook("quick", QUICK)
        cls.room.runbook("approval", APPROVAL)

    def setUp(self):
        # Each test has servers and a session of its own: what another one leaves is not in its way.
        self.state = self.room.scratch / self._testMethodName
        self.state.mkdir()
        tools = self.state / "tools.json"
        self.room.env["OPSROOM_TOOLS"] = str(tools)
        servers = {"modern": ("modern_input.py", {}), "legacy": ("legacy_input.py", {}),
                   "hasty": ("legacy_input.py", {"inputLimit": "1s"})}
        tools.write_text(json.dumps({"mcpServers": {
            name: {"command": sys.executable, "args": [str(FIXTURES / file), str(self.state)], "opsroom": more}
            for name, (file, more) in servers.items()}}))
        self.worker = self.host = None
        self.addCleanup(self.stop_all)

    def stop_all(self):
        for process in (self.worker, self.host):
            if process and process.popen.poll() is None:
                process.stop()
        self.assertEqual(self.processes(), [], "servers were left behind")

    def enqueue(self, runbook, lane="A"):
        return self.room.enqueue(runbook, lane, session=self._testMethodName)

    # -- restarts

    def start_worker(self, name="worker-1"):
        self.worker = self.room.worker(name, 1, DRAIN_SECONDS=0, POLL_INTERVAL_MS=100)

    def start_host(self):
        self.host = self.room.serve()

    def restart_everything(self, gently=True):
        """Host, worker and database; nothing of the worker's survives."""
        if gently:
            self.worker.stop()
        else:
            self.worker.kill()
        self.restart_all_but_the_worker()
        self.start_worker()

    def restart_all_but_the_worker(self):
        self.host.stop()
        self.room.stop_database()
        self.room.start_database()
        self.start_host()

    # -- questions and answers

    def open_questions(self, run):
        status, body = request(f"{self.host.base}/api/inputs?run={run}&open=1", self.token)
        self.assertEqual(status, 200, body)
        return body["inputs"]

    def question(self, run):
        return until(lambda: self.open_questions(run), 30, "an open question")[0]

    def answer_by_api(self, question, name, value):
        status, body = request(f"{self.host.base}/api/inputs/{question['id']}/answer", self.token, "POST",
                               {"action": "accept", "content": {name: value}})
        self.assertEqual(status, 200, body)

    def lines(self, name):
        path = self.state / name
        return path.read_text().split() if path.exists() else []

    def step(self, run, columns):
        return self.room.psql(f"select {columns} from ops.run_steps where run_id = {run}")

    def processes(self):
        """Those of the fixtures of this test."""
        def mentions(pid):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    return str(self.state).encode() in file.read()
            except OSError:
                return False
        return [pid for pid in os.listdir("/proc") if pid.isdigit() and mentions(pid) and alive(pid)]

    def succeeds(self, run):
        self.room.wait_for_status(run, "succeeded")
        events = self.room.psql(f"select coalesce(sum(n), 0) = max(seq + n - 1) from ops.run_events where run_id = {run}")
        self.assertEqual(events, "t", "the numbers of the events have a gap")

    def test_two_questions_of_a_modern_server_are_answered_after_everything_was_restarted(self):
        self.start_host()
        self.start_worker()
        run = self.enqueue("register")
        self.room.wait_for_status(run, "waiting")
        self.assertEqual(self.question(run)["params"]["message"], "What is your name?")
        self.assertEqual(self.step(run, "status, attempt"), "waiting|1")

        # It holds neither a process nor the only slot.
        self.assertEqual(self.processes(), [])
        self.succeeds(self.enqueue("quick", lane="B"))

        self.restart_everything()
        self.room.opsroom("answer", run, '{"name": "Ada"}')
        second = until(lambda: [q for q in self.open_questions(run) if "colour" in q["params"]["message"]], 30,
                       "the second question")[0]
        self.assertEqual(second["params"]["message"], "Which colour, Ada?")
        self.room.wait_for_status(run, "waiting")

        self.restart_everything(gently=False)
        self.answer_by_api(second, "colour", "green")
        self.succeeds(run)
        self.assertEqual(self.lines("effects"), ["x"])
        self.assertEqual(len(self.lines("calls")), 3, "one request a round")
        self.assertEqual(json.loads(self.step(run, "output")), {"name": "Ada", "colour": "green"})
        self.assertEqual(self.step(run, "status, attempt, resume, arguments ->> 'attempt'"), "succeeded|3|null|1")
        self.assertEqual(self.open_questions(run), [])

    def test_what_a_plugin_asked_is_answered_after_everything_was_restarted(self):
        """Its state is sealed, with a key that outlives the runner, the worker and the database's process."""
        self.start_host()
        self.start_worker()
        run = self.enqueue("approval")
        self.room.wait_for_status(run, "waiting")
        self.restart_everything(gently=False)
        self.answer_by_api(self.question(run), "approved", True)
        self.succeeds(run)
        self.assertEqual(json.loads(self.step(run, "output"))["approved"], True)

    def test_a_question_in_flight_outlives_the_host_and_the_database(self):
        self.start_host()
        self.start_worker()
        run = self.enqueue("ask")
        self.question(run)
        until(lambda: self.step(run, "status") == "waiting", 20, "the step shown as waiting")
        self.assertEqual(self.room.status(run), "waiting")
        asker = self.lines("asked")[0]
        self.restart_all_but_the_worker()
        self.answer_by_api(self.question(run), "name", "Ada")
        self.succeeds(run)
        self.assertEqual(self.lines("asked"), [asker], "it was asked by another process")
        self.assertEqual(self.lines("effects"), ["Ada"])

    def test_a_question_in_flight_that_died_with_its_worker_is_asked_again_when_a_person_says_so(self):
        self.start_host()
        self.start_worker()
        run = self.enqueue("ask")
        first = self.question(run)
        asker = int(self.lines("asked")[0])
        self.restart_everything(gently=False)
        until(lambda: not alive(asker), 20, "the end of the dead worker's server")

        # What became of the call nobody knows; its question is not asked any more.
        until(lambda: self.step(run, "status") == "interrupted" and self.room.status(run) == "waiting", 30,
              "the interrupted step")
        self.assertEqual(self.open_questions(run), [])
        status, body = request(f"{self.host.base}/api/inputs/{first['id']}/answer", self.token, "POST",
                               {"action": "accept", "content": {"name": "late"}})
        self.assertEqual(status, 409, body)
        self.assertEqual(self.lines("effects"), [])

        self.room.opsroom("answer", run, "retry")
        again = self.question(run)
        self.assertNotEqual(again["id"], first["id"])
        self.room.opsroom("answer", run, "name=Ada")
        self.succeeds(run)
        self.assertEqual(self.lines("effects"), ["Ada"])
        self.assertEqual(len(self.lines("asked")), 2)

    def test_a_task_of_a_modern_server_is_picked_up_by_another_worker(self):
        self.start_host()
        self.start_worker("worker-1")
        run = self.enqueue("build")
        self.room.wait_for_status(run, "waiting")
        self.assertEqual(self.step(run, "status"), "waiting")
        self.worker.stop()
        (self.state / "go").touch()
        self.start_worker("worker-2")
        self.succeeds(run)
        self.assertEqual(self.room.psql(f"select claimed_by from ops.runs where id = {run}"), "worker-2")
        self.assertEqual(self.lines("effects"), ["x"])
        self.assertEqual(json.loads(self.step(run, "output")), {"built": "task-1"})
        self.assertGreater(len(set(self.lines("looks"))), 1, "the same process was asked after it")

    def notes(self, run):
        return self.room.psql(f"select data ->> 'text' from ops.run_events where run_id = {run} and kind = 'note'")

    def test_a_task_whose_run_was_cancelled_while_nothing_ran_is_cancelled_at_its_server(self):
        self.start_host()
        self.start_worker()
        run = self.enqueue("build")
        self.room.wait_for_status(run, "waiting")
        self.worker.stop()
        status, body = request(f"{self.host.base}/api/runs/{run}/cancel", self.token, "POST", {})
        self.assertEqual((status, body["status"]), (200, "canceled"), body)
        self.assertEqual(self.lines("cancels"), [])

        # What is owed to the server outlives everything.
        self.restart_all_but_the_worker()
        self.start_worker("worker-2")
        until(lambda: "was cancelled" in self.notes(run), 60, "the outcome in the journal")
        self.assertEqual(self.lines("cancels"), ["task-1"])
        self.assertEqual(self.room.psql(f"select outcome, tries from ops.task_cancels where run_id = {run}"), "canceled|1")
        self.assertEqual(
            self.room.psql("select worker, outcome, delivery, argument_sha256 <> '' from ops.audit_log "
                           f"where run_id = {run} and kind = 'call' order by id desc limit 1"),
            "worker-2|canceled|answered|t")
        self.assertEqual(self.room.status(run), "canceled")
        until(lambda: self.processes() == [], 20, "the end of the server that was told")

    def test_a_step_that_failed_is_tried_again_after_everything_was_restarted(self):
        self.start_host()
        self.start_worker()
        self.room.runbook("flaky", FLAKY % (self.state / "go"))
        run = self.enqueue("flaky")
        self.room.wait_for_status(run, "waiting")
        self.assertEqual(self.step(run, "status, tries, delivery"), "waiting|1|answered")
        self.assertIn("try 2 of 3 follows in 3600 s", self.notes(run))
        self.succeeds(self.enqueue("quick", lane="B"))  # it holds no slot

        self.restart_everything(gently=False)
        status, body = request(f"{self.host.base}/api/runs/{run}", self.token)
        self.assertEqual((status, body["status"], body["steps"][0]["tries"]), (200, "waiting", 1))
        (self.state / "go").touch()
        self.room.psql(f"update ops.runs set look_again = now() where id = {run}")
        self.succeeds(run)
        self.assertEqual(self.step(run, "status, tries"), "succeeded|2")
        self.assertRegex(self.room.opsroom("show", run).stdout, r"call +exec.run +.*succeeded +2 ")
        self.assertEqual(
            self.room.psql(f"select count(*) from ops.audit_log where run_id = {run} and kind = 'call'"), "2")

    def test_the_calls_of_a_run_are_of_the_trace_of_who_wanted_it(self):
        self.start_host()
        self.start_worker()
        self.enqueue("quick")  # makes the session
        session = int(self.room.psql(f"select id from ops.sessions where title = '{self._testMethodName}'"))
        parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        status, run = request(
            f"{self.host.base}/run", self.token, "POST", {"session_id": session, "lane": "C", "runbook": "register"},
            headers={"traceparent": parent, "tracestate": "rojo=00f067aa0ba902b7"})
        self.assertEqual(status, 201, run)
        self.answer_by_api(self.question(run["id"]), "name", "Ada")
        second = until(lambda: [q for q in self.open_questions(run["id"]) if "colour" in q["params"]["message"]], 30,
                       "the second question")[0]
        self.answer_by_api(second, "colour", "green")
        self.succeeds(run["id"])
        traces = (self.state / "traces").read_text().splitlines()
        self.assertEqual(len(traces), 3)
        for trace in traces:
            self.assertRegex(trace, "^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01 rojo=00f067aa0ba902b7$")
        self.assertEqual(len(set(traces)), 3, "each call is a span of its own")
        self.assertNotIn(parent.split("-")[2], " ".join(traces), "the caller's span is not a call's")

    def test_a_question_in_flight_that_nobody_answers_ends_with_a_clear_error(self):
        self.start_worker()
        run = self.enqueue("hurry")
        self.room.wait_for_status(run, "failed")
        error, hint = self.room.psql(f"select error, hint from ops.runs where id = {run}").split("|")
        self.assertIn("nobody answered its question within 1 s", error)
        self.assertIn("inputLimit", hint)
        self.assertEqual(self.room.psql(f"select status from ops.input_requests where run_id = {run}"), "expired")
        self.assertEqual(self.lines("effects"), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
