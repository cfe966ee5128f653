"""Workers from outside: parallel lanes, a killed worker, a frozen one, a drain, a cancelled tree."""
import os
import signal
import time
import unittest

from harness import Room, alive, until

SLEEPER = """
name: hold
inputs: { type: object, properties: { mark: { type: string } }, required: [mark] }
steps:
  - id: hold
    tool: exec.run
    with: { command: [sh, -c, 'echo holding; while [ -e "$1" ]; do sleep 0.05; done', sh, "${{ inputs.mark }}"] }
    timeout: 2m
"""

# The counter outside proves how often a step's effect happened.
THREE_STEPS = """
name: three
inputs: { type: object, properties: { dir: { type: string } }, required: [dir] }
steps:
  - id: one
    tool: exec.run
    with: { command: [sh, -c, 'echo 1 >> "$1/one"', sh, "${{ inputs.dir }}"] }
  - id: two
    tool: exec.run
    with:
      command: [sh, -c, 'echo $$ >> "$1/two"; while [ -e "$1/hold" ]; do sleep 0.05; done; echo done >> "$1/two-done"', sh, "${{ inputs.dir }}"]
    timeout: 2m
    on_interrupt: retry
  - id: three
    tool: exec.run
    with: { command: [sh, -c, 'echo 3 >> "$1/three"', sh, "${{ inputs.dir }}"] }
"""

STUBBORN = """
name: stubborn
inputs: { type: object, properties: { dir: { type: string } }, required: [dir] }
steps:
  - id: stay
    tool: exec.run
    with:
      command:
        - python3
        - -c
        - |
          import os, signal, sys, time
          signal.signal(signal.SIGTERM, signal.SIG_IGN)
          directory = sys.argv[1]
          def note(name):
              with open(os.path.join(directory, name + ".tmp"), "w") as file: file.write(str(os.getpid()))
              os.rename(os.path.join(directory, name + ".tmp"), os.path.join(directory, name))
          if os.fork() == 0:
              note("grandchild")
              if os.fork() == 0:
                  os.setsid()
                  if os.fork() == 0:
                      note("daemon")
                  while True: signal.pause()
              while True: signal.pause()
          note("child")
          print("staying", flush=True)
          while True: signal.pause()
        - "${{ inputs.dir }}"
    timeout: 5m
"""


def lines_of(path):
    return path.read_text().split() if path.exists() else []


class WorkersTest(unittest.TestCase):
    def setUp(self):
        self.room = Room()
        self.addCleanup(self.room.close)

    def test_two_workers_hold_eight_lanes_at_once(self):
        mark = self.room.scratch / "mark"
        mark.touch()
        self.room.runbook("hold", SLEEPER)
        self.room.worker("worker-1", 4)
        self.room.worker("worker-2", 4)
        runs = [self.room.enqueue("hold", lane=lane, inputs=[f"mark={mark}"]) for lane in "ABCDEFGH"]
        query = ("select distinct claimed_by, count(*) from ops.runs where status = 'running' "
                 "group by claimed_by;")
        until(lambda: sorted(self.room.psql(query).split()) == ["worker-1|4", "worker-2|4"],
              what="two workers with four runs each")
        until(lambda: all(self.room.log_lines(run) == ["holding"] for run in runs),
              what="eight tools at work at once")
        mark.unlink()
        for run in runs:
            self.room.wait_for_status(run, "succeeded")

    def test_one_lane_runs_one_run_at_a_time(self):
        mark = self.room.scratch / "mark"
        mark.touch()
        self.room.runbook("hold", SLEEPER)
        self.room.worker("worker-1", 4)
        first, second = (self.room.enqueue("hold", inputs=[f"mark={mark}"]) for _ in range(2))
        self.room.wait_for_status(first, "running")
        self.assertEqual(self.room.status(second), "blocked")
        mark.unlink()
        self.room.wait_for_status(second, "succeeded")

    def test_a_killed_workers_run_is_finished_by_another_and_no_finished_step_repeats(self):
        directory = self.room.scratch
        (directory / "hold").touch()
        self.room.runbook("three", THREE_STEPS)
        first = self.room.worker("worker-1", LEASE_SECONDS=3)
        run = self.room.enqueue("three", inputs=[f"dir={directory}"])
        tool = int(until(lambda: lines_of(directory / "two"))[0])
        self.room.worker("worker-2", LEASE_SECONDS=3)
        killed_at = time.monotonic()
        first.kill()
        until(lambda: not alive(tool), 20, "the end of the dead worker's tool")
        (directory / "hold").unlink()
        self.room.wait_for_status(run, "succeeded", seconds=60)
        took = time.monotonic() - killed_at
        self.assertLess(took, 3 + 7, "it took much longer than the lease")
        self.assertEqual(lines_of(directory / "one"), ["1"])
        self.assertEqual(len(lines_of(directory / "two")), 2)
        self.assertEqual(lines_of(directory / "three"), ["3"])
        self.assertEqual(self.room.psql(f"select claimed_by from ops.runs where id = {run}"), "worker-2")
        print(f"\nkilled worker: finished by the other {took:.1f} s after the kill (lease 3 s)")

    def test_a_worker_restarted_under_its_name_takes_its_runs_back_at_once(self):
        directory = self.room.scratch
        (directory / "hold").touch()
        self.room.runbook("three", THREE_STEPS)
        first = self.room.worker("worker-1", LEASE_SECONDS=600)
        run = self.room.enqueue("three", inputs=[f"dir={directory}"])
        until(lambda: lines_of(directory / "two"))
        first.kill()
        (directory / "hold").unlink()
        self.room.worker("worker-1", LEASE_SECONDS=600)
        self.room.wait_for_status(run, "succeeded", seconds=10)
        self.assertEqual(lines_of(directory / "one"), ["1"])

    def test_a_frozen_worker_changes_nothing_when_it_wakes(self):
        directory = self.room.scratch
        (directory / "hold").touch()
        self.room.runbook("three", THREE_STEPS)
        first = self.room.worker("worker-1", LEASE_SECONDS=3)
        run = self.room.enqueue("three", inputs=[f"dir={directory}"])
        tool = int(until(lambda: lines_of(directory / "two"))[0])
        self.addCleanup(lambda: alive(tool) and os.kill(tool, signal.SIGKILL))
        first.signal(signal.SIGSTOP)
        self.assertTrue(alive(tool), "it must outlive the freeze for the test to mean anything")
        self.room.worker("worker-2", LEASE_SECONDS=3)
        until(lambda: len(lines_of(directory / "two")) == 2, what="the takeover after the lease")
        self.assertFalse(alive(tool), "the frozen worker's tool still works in the lane")
        self.assertEqual(self.room.psql(f"select claimed_by from ops.runs where id = {run}"), "worker-2")
        (directory / "hold").unlink()
        self.room.wait_for_status(run, "succeeded")
        before = self.room.psql(f"select * from ops.runs where id = {run}") + \
            self.room.psql(f"select * from ops.run_steps where run_id = {run} order by 1, 2") + \
            self.room.psql(f"select count(*), max(seq) from ops.run_events where run_id = {run}")
        first.signal(signal.SIGCONT)
        first.wait_for("is not held by this worker any more")
        after = self.room.psql(f"select * from ops.runs where id = {run}") + \
            self.room.psql(f"select * from ops.run_steps where run_id = {run} order by 1, 2") + \
            self.room.psql(f"select count(*), max(seq) from ops.run_events where run_id = {run}")
        self.assertEqual(before, after)
        self.assertEqual(lines_of(directory / "one"), ["1"])
        self.assertEqual(lines_of(directory / "three"), ["3"])

    def test_an_interrupted_step_waits_for_a_person_who_may_say_retry(self):
        directory = self.room.scratch
        (directory / "hold").touch()
        self.room.runbook("three", THREE_STEPS.replace("    on_interrupt: retry\n", ""))
        first = self.room.worker("worker-1", LEASE_SECONDS=3)
        run = self.room.enqueue("three", inputs=[f"dir={directory}"])
        until(lambda: lines_of(directory / "two"))
        first.kill()
        self.room.worker("worker-2", LEASE_SECONDS=3)
        self.room.wait_for_status(run, "waiting", seconds=15)
        self.assertEqual(len(lines_of(directory / "two")), 1, "it was repeated without being asked for")
        (directory / "hold").unlink()
        self.room.opsroom("answer", run, "retry")
        self.room.wait_for_status(run, "succeeded")
        self.assertEqual(len(lines_of(directory / "two")), 2)

    def test_sigterm_lets_the_step_finish_and_gives_the_rest_back(self):
        directory = self.room.scratch
        (directory / "hold").touch()
        self.room.runbook("three", THREE_STEPS)
        first = self.room.worker("worker-1", DRAIN_SECONDS=30)
        run = self.room.enqueue("three", inputs=[f"dir={directory}"])
        until(lambda: lines_of(directory / "two"))
        first.signal(signal.SIGTERM)
        first.wait_for("shutting down")
        (directory / "hold").unlink()
        self.assertEqual(first.popen.wait(20), 0)
        self.assertEqual(self.room.status(run), "queued")
        self.room.worker("worker-2")
        self.room.wait_for_status(run, "succeeded")
        for step in ("one", "two", "three"):
            self.assertEqual(len(lines_of(directory / step)), 1, step)

    def test_cancel_leaves_no_process_of_a_tree_that_ignores_sigterm(self):
        directory = self.room.scratch
        self.room.runbook("stubborn", STUBBORN)
        self.room.worker("worker-1")
        run = self.room.enqueue("stubborn", inputs=[f"dir={directory}"])
        names = ("child", "grandchild", "daemon")
        until(lambda: all((directory / name).exists() for name in names), what="the whole tree")
        pids = [int((directory / name).read_text()) for name in names]
        self.assertTrue(all(alive(pid) for pid in pids))
        asked_at = time.monotonic()
        self.room.opsroom("cancel", run)
        self.room.wait_for_status(run, "canceled", seconds=60)
        took = time.monotonic() - asked_at
        self.assertEqual([pid for pid in pids if alive(pid)], [])
        self.assertLess(took, 15, "much longer than both graces together")
        print(f"\ncancelled tree: all three gone {took:.2f} s after the request")

    def test_cancel_reaches_a_willing_tool_soon(self):
        mark = self.room.scratch / "mark"
        mark.touch()
        self.room.runbook("hold", SLEEPER)
        self.room.worker("worker-1")
        run = self.room.enqueue("hold", inputs=[f"mark={mark}"])
        until(lambda: self.room.log_lines(run) == ["holding"])
        asked_at = time.monotonic()
        self.room.opsroom("cancel", run)
        self.room.wait_for_status(run, "canceled")
        took = time.monotonic() - asked_at
        self.assertLess(took, 8)
        print(f"\ncancelled tool: run ended {took:.2f} s after the request")

    def test_a_database_that_restarts_in_mid_run_loses_nothing(self):
        self.room.runbook("lines", """
name: lines
steps:
  - id: print
    tool: exec.run
    with: { command: [sh, -c, 'i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo line $i; sleep 0.01; done'] }
    timeout: 2m
""")
        worker = self.room.worker("worker-1")
        run = self.room.enqueue("lines")
        until(lambda: len(self.room.log_lines(run)) > 20)
        self.room.stop_database()
        worker.wait_for("trying again until it is back")
        self.room.start_database()
        self.room.wait_for_status(run, "succeeded", seconds=40)
        self.assertEqual(self.room.log_lines(run), [f"line {i}" for i in range(1, 401)])

    def test_a_worker_started_before_its_database_waits_for_it(self):
        self.room.stop_database()
        worker = self.room.start("worker", env={"WORKER_ID": "early"})
        worker.wait_for("trying again until it is back")
        self.room.start_database()
        worker.wait_for("is ready")

    def test_nothing_of_the_workers_is_left_when_it_ends(self):
        mark = self.room.scratch / "mark"
        mark.touch()
        self.room.runbook("hold", SLEEPER)
        worker = self.room.worker("worker-1", DRAIN_SECONDS=0)
        run = self.room.enqueue("hold", inputs=[f"mark={mark}"])
        until(lambda: self.room.log_lines(run) == ["holding"])
        self.assertEqual(worker.stop(20), 0)
        left = [pid for pid in os.listdir("/proc") if pid.isdigit() and self._mentions(pid, str(mark))]
        self.assertEqual(left, [])

    @staticmethod
    def _mentions(pid, text):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                return text.encode() in file.read()
        except OSError:
            return False


if __name__ == "__main__":
    unittest.main(verbosity=2)
