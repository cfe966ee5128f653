"""Plugins in a real control room: `run` starts another run and waits for it, `ask` waits for a person."""
import json
import unittest

from harness import Room, request, until

CHILD = """
name: child
inputs: { type: object, properties: { word: { type: string }, mark: { type: string } }, required: [word, mark] }
steps:
  - id: say
    tool: exec.run
    with: { command: [sh, -c, 'echo x >> "$2/starts"; while [ -e "$2/hold" ]; do sleep 0.05; done; echo "$1"', sh, "${{ inputs.word }}", "${{ inputs.mark }}"] }
    timeout: 2m
"""
FAILING = """
name: failing
steps:
  - id: fail
    tool: exec.run
    with: { command: [sh, -c, 'exit 3'] }
"""
PARENT = """
name: parent
inputs: { type: object, properties: { mark: { type: string } }, required: [mark] }
steps:
  - id: other
    tool: run.runbook
    timeout: 2m
    with: { runbook: child, lane: B, inputs: { word: "hello", mark: "${{ inputs.mark }}" } }
  - id: tell
    tool: exec.run
    with: { command: [echo, "it said ${{ steps.other.output.outputs.say.stdout_tail }}"] }
"""
TWINS = """
name: twins
steps:
  - id: first
    tool: run.runbook
    with: { runbook: failing, lane: B, key: same, check: false }
  - id: second
    tool: run.runbook
    with: { runbook: failing, lane: C, key: same, check: false }
  - id: third
    tool: run.runbook
    with: { runbook: failing, lane: B, key: same, check: false }
"""
SHIP = """
name: ship
steps:
  - id: approval
    tool: ask.approval
    with: { message: "Ship it?" }
  - id: where
    tool: ask.choice
    with: { message: "Where?", choices: [eu, us] }
  - id: note
    tool: template.write
    with:
      path: note.txt
      template: "{{ place }}: {{ why }}"
      data: { place: "${{ steps.where.output.choice }}", why: "${{ steps.approval.output.reason }}" }
  - id: tell
    tool: exec.run
    with: { command: [cat, note.txt] }
"""
OTHERS = {
    "of-failing": "with: { runbook: failing, lane: B }",
    "of-itself": "with: { runbook: failing, lane: A }",
    "of-nothing": "with: { runbook: no-such-runbook, lane: B }",
}


class PluginsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = Room()
        cls.addClassCleanup(cls.room.close)
        cls.token = cls.room.token()
        for name, text in (("child", CHILD), ("failing", FAILING), ("parent", PARENT),
                           ("ship", SHIP), ("twins", TWINS)):
            cls.room.runbook(name, text)
        for name, arguments in OTHERS.items():
            cls.room.runbook(name, f"name: {name}\nsteps:\n  - id: other\n    tool: run.runbook\n    {arguments}\n")
        cls.host = cls.room.serve()
        tools = cls.room.scratch / "tools.json"
        tools.write_text(json.dumps({"plugins": {
            "exec": {}, "ask": {}, "template": {}, "run": {"config": {"url": cls.host.base}, "env": {"OPSROOM_TOKEN": cls.token}}}}))
        cls.room.env["OPSROOM_TOOLS"] = str(tools)

    def setUp(self):
        self.mark = self.room.scratch / self._testMethodName
        self.mark.mkdir()
        self.worker = self.start_worker("worker-1")
        self.addCleanup(lambda: self.worker.popen.poll() is None and self.worker.stop())

    def start_worker(self, name, **settings):
        return self.room.worker(name, 4, DRAIN_SECONDS=0, POLL_INTERVAL_MS=100, **settings)

    def enqueue(self, runbook, *inputs):
        return self.room.enqueue(runbook, "A", session=self._testMethodName, inputs=inputs)

    def start_parent(self):
        (self.mark / "hold").touch()
        run = self.enqueue("parent", f"mark={self.mark}")
        until(lambda: self.starts() == 1, 30, "the start of the child")
        return run, self.child_of(run)

    def child_of(self, run):
        return int(self.room.psql(
            f"select c.id from ops.runs c join ops.runs p using (session_id) where p.id = {run} and c.lane = 'B'"))

    def starts(self):
        path = self.mark / "starts"
        return len(path.read_text().split()) if path.exists() else 0

    def output(self, run, step="other"):
        return json.loads(self.room.psql(
            f"select output from ops.run_steps where run_id = {run} and id = '{step}'") or "null")

    def error(self, run):
        return self.room.psql(f"select coalesce(error, '') || ' ' || coalesce(hint, '') from ops.runs where id = {run}")

    def test_it_waits_for_the_other_run_and_has_what_its_steps_gave(self):
        run, child = self.start_parent()
        until(lambda: self.progress(run), 30, "progress that tells of the child")
        (self.mark / "hold").unlink()
        self.room.wait_for_status(run, "succeeded")
        self.assertEqual(self.room.status(child), "succeeded")
        output = self.output(run)
        self.assertEqual((output["run"], output["lane"], output["runbook"], output["status"]),
                         (child, "B", "child", "succeeded"))
        self.assertEqual(output["outputs"]["say"]["stdout_tail"], "hello\n")
        self.assertIn("it said hello", self.room.log_lines(run))
        # From the token that it is enqueued with.
        status, body = request(f"{self.host.base}/api/runs/{child}", self.token)
        self.assertEqual((status, body["inputs"]["word"]), (200, "hello"))

    def progress(self, run):
        return self.room.psql(
            f"select count(*) from ops.run_events where run_id = {run} and kind = 'progress' "
            "and data ->> 'message' like '%lane B: running, step 1 of 1 (say)%'") != "0"

    def test_a_cancel_reaches_the_other_run(self):
        run, child = self.start_parent()
        self.room.opsroom("cancel", run)
        self.room.wait_for_status(run, "canceled")
        self.room.wait_for_status(child, "canceled")

    def test_a_step_that_is_done_again_finds_the_run_it_had_started(self):
        self.worker.stop()
        self.worker = self.start_worker("worker-1", LEASE_SECONDS=8)
        run, child = self.start_parent()
        self.worker.kill()
        self.worker = self.start_worker("worker-2")
        until(lambda: self.room.psql(f"select claimed_by from ops.runs where id = {run}") == "worker-2", 120,
              "the parent at the second worker")
        (self.mark / "hold").unlink()
        # What the child's own step did nobody knows; that is for a person to decide.
        until(lambda: self.room.status(child) in ("waiting", "succeeded"), 120, "the child's interrupted step")
        if self.room.status(child) == "waiting":
            self.room.opsroom("answer", child, "retry")
        self.room.wait_for_status(run, "succeeded", seconds=120)
        self.assertEqual(self.output(run)["run"], child)
        self.assertEqual(self.room.psql("select count(*) from ops.runs c join ops.runs p using (session_id) "
                                        f"where p.id = {run}"), "2", "a second child was started")

    def test_a_key_of_ones_own_never_gives_another_lanes_run(self):
        run = self.enqueue("twins")
        self.room.wait_for_status(run, "succeeded", seconds=120)
        first, second, third = (self.output(run, step) for step in ("first", "second", "third"))
        self.assertEqual((first["lane"], second["lane"]), ("B", "C"))
        self.assertEqual(third["run"], first["run"])

    def test_a_run_that_fails_fails_the_step(self):
        run = self.enqueue("of-failing")
        self.room.wait_for_status(run, "failed")
        self.assertIn("failed", self.error(run))
        self.assertIn("3", self.error(run))

    def test_what_makes_no_sense_is_refused_with_the_reason(self):
        run = self.enqueue("of-itself")
        self.room.wait_for_status(run, "failed")
        self.assertIn("would wait for itself", self.error(run))
        run = self.enqueue("of-nothing")
        self.room.wait_for_status(run, "failed")
        self.assertIn("no-such-runbook", self.error(run))

    def test_an_approval_waits_for_a_person_and_outlives_its_worker(self):
        run = self.enqueue("ship")
        self.room.wait_for_status(run, "waiting")
        self.worker.stop()
        self.worker = self.start_worker("worker-2")
        self.room.opsroom("answer", run, '{"approved": true, "reason": "all green"}')
        self.room.wait_for_status(run, "waiting")
        until(lambda: "Where?" in self.open_question(run), 30, "the second question")
        self.room.opsroom("answer", run, "choice=us")
        self.room.wait_for_status(run, "succeeded")
        self.assertIn("us: all green", self.room.log_lines(run))

    def test_a_no_ends_the_run_before_what_it_guards(self):
        run = self.enqueue("ship")
        self.room.wait_for_status(run, "waiting")
        self.room.opsroom("answer", run, "--decline")
        self.room.wait_for_status(run, "failed")
        self.assertIn("not approved: the person declined to answer", self.error(run))
        self.assertEqual(self.room.psql(f"select status from ops.run_steps where run_id = {run} and id = 'note'"),
                         "", "the step that it guards was begun")

    def open_question(self, run):
        status, body = request(f"{self.host.base}/api/inputs?run={run}&open=1", self.token)
        self.assertEqual(status, 200, body)
        return " ".join(each["params"]["message"] for each in body["inputs"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
