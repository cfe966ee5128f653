"""kill -9 at random moments of effectful steps: servers, workers, or both at once.

A counter outside says how often each effect happened. Promised: no run is lost, no effect is
repeated, every call of unknown outcome is reported as such, and no process is left.

    kill_storm.py [KILLS]            40 by default; OPSROOM_STORM_SEED repeats a storm's choices
    kill_storm.py KILLS --control    the tool is wrongly declared safe to repeat: effects must repeat,
                                     which shows that the storm would notice
"""
import collections
import os
import pathlib
import random
import signal
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from harness import Room, alive, until  # noqa: E402

LANES = "ABCDEFGH"
STEPS = 5
COUNTER = pathlib.Path(__file__).with_name("counter_server.py")


def runbook(on_interrupt):
    steps = "".join(
        f"  - id: add{n}\n    tool: counter.add\n    with: {{ key: \"${{{{ run.id }}}}-{n}\" }}\n"
        f"    on_interrupt: {on_interrupt}\n    timeout: 30s\n" for n in range(1, STEPS + 1))
    return f"name: storm\nsteps:\n{steps}"


class Storm:
    def __init__(self, kills, control):
        self.kills = kills
        self.control = control
        self.seed = int(os.environ.get("OPSROOM_STORM_SEED", random.randrange(1 << 32)))
        self.random = random.Random(self.seed)
        self.room = Room()
        self.directory = self.room.scratch
        self.workers = []
        self.asked = collections.Counter()
        self.done = collections.Counter()
        self.over = threading.Event()

    # -- what the tool and the database say

    def effects(self):
        file = self.directory / "effects"
        return collections.Counter(file.read_text().split()) if file.exists() else collections.Counter()

    def pids(self, kind):
        file = self.directory / "pids"
        lines = file.read_text().splitlines() if file.exists() else []
        return [int(line.split()[0]) for line in lines if line.endswith(kind)]

    def rows(self, sql):
        text = self.room.psql(sql)
        return [line.split("|") for line in text.splitlines()]

    # -- the work

    def prepare(self):
        tools = self.directory / "tools.json"
        tools.write_text('{"mcpServers": {"counter": {"command": "python3", "args": ["%s", "%s"]}}}'
                         % (COUNTER, self.directory))
        self.room.env["OPSROOM_TOOLS"] = str(tools)
        self.room.runbook("storm", runbook("retry" if self.control else "ask"))
        self.first = self.room.enqueue("storm", lane=LANES[0])
        for name in ("worker-1", "worker-2"):
            self.workers.append(self.start_worker(name))

    def start_worker(self, name):
        return name, self.room.worker(name, 4, LEASE_SECONDS=3, POLL_INTERVAL_MS=100)

    def keep_lanes_busy(self):
        open_runs = dict(self.rows("select lane, count(*) from ops.runs where finished_at is null group by 1"))
        for lane in LANES:
            if int(open_runs.get(lane, 0)) < 2:
                self.room.psql(
                    f"select ops.enqueue_run(session_id => r.session_id, lane => '{lane}', runbook => r.runbook, "
                    f"plan => r.plan) from ops.runs r where r.id = {self.first}")

    def decide(self):
        """The person: looks whether the effect happened, and says skip or retry. By now nothing of
        the call may be alive: an effect that came later would show as repeated."""
        for run, position, step, delivery in self.rows(
                "select r.id, s.position, s.status, coalesce(s.delivery, '') from ops.runs r join ops.run_steps s on "
                "s.run_id = r.id where r.status = 'waiting' and s.status = 'interrupted'"):
            happened = self.effects()[f"{run}-{position}"] > 0
            self.asked["it had happened" if happened else "it had not"] += 1
            decision = "skip" if happened else "retry"
            self.room.psql(f"select ops.answer_run({run}, '{decision}', 'storm')")

    def person(self):
        while not self.over.is_set():
            self.decide()
            self.keep_lanes_busy()
            self.over.wait(0.05)

    # -- the storm

    def kill_server(self):
        living = [pid for pid in self.pids("server")[-40:] if alive(pid)]
        if not living:
            return False
        try:
            os.kill(self.random.choice(living), signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True

    def kill_worker(self):
        index = self.random.randrange(len(self.workers))
        name, process = self.workers[index]
        process.kill()
        self.room.processes.remove(process)
        # Under its name it takes its runs back at once; under another one their leases run out first.
        if self.random.random() < 0.3:
            name = f"worker-{self.random.randrange(1 << 30)}"
        self.workers[index] = self.start_worker(name)

    def strike(self):
        what = self.random.choices(["server", "host", "both"], [6, 3, 1])[0]
        until(lambda: self.rows("select 1 from ops.run_steps where status = 'running' limit 1"), 60,
              "a step at work")
        time.sleep(self.random.uniform(0, 0.08))  # the storm's own randomness: any moment will do
        if what != "host" and not self.kill_server():
            return
        if what != "server":
            self.kill_worker()
        self.done[what] += 1

    def rage(self):
        person = threading.Thread(target=self.person, daemon=True)
        person.start()
        started = time.monotonic()
        while sum(self.done.values()) < self.kills:
            if time.monotonic() - started > 60 + 3 * self.kills:
                raise AssertionError(f"only {sum(self.done.values())} kills in time: nothing works any more")
            if not person.is_alive():
                raise AssertionError("the person's thread died")
            self.strike()
        self.over.set()
        person.join(60)

    def calm(self):
        """Everything that was begun comes to its end."""
        def all_ended():
            self.decide()
            return not self.rows("select 1 from ops.runs where finished_at is null limit 1")
        until(all_ended, 120, "the end of all runs")
        for _, worker in self.workers:
            worker.stop()

    # -- what was promised

    def verdict(self):
        effects = self.effects()
        wrong = []
        runs = self.rows("select status, count(*) from ops.runs group by 1 order by 1")
        repeated = {key: times for key, times in effects.items() if times > 1}
        unknown = 0
        for run, position, status, delivery in self.rows(
                "select run_id, position, status, coalesce(delivery, '') from ops.run_steps"):
            happened = effects[f"{run}-{position}"]
            where = f"run {run}, step {position}: {status}, delivery {delivery!r}, {happened} effects"
            unknown += delivery == "unknown"
            if status == "succeeded" and happened != 1:
                wrong.append("succeeded without its effect, or with more: " + where)
            if happened and delivery in ("not_sent", "rejected") and status != "skipped":
                wrong.append("it happened, and is reported as not sent: " + where)
            if happened and status not in ("succeeded", "skipped") and delivery != "unknown":
                wrong.append("an unknown outcome is not reported as such: " + where)
        audited = {(run, position): int(count) for run, position, count in self.rows(
            "select run_id, position, count(*) from ops.audit_log where kind = 'call' and delivery <> 'not_sent' "
            "group by 1, 2")}
        for key, times in effects.items():
            if audited.get(tuple(key.split("-")), 0) < times:
                wrong.append(f"it happened, and the audit log does not know: {key}, {times} effects")
        left = [pid for pid in self.pids("server") + self.pids("daemon") if alive(pid)]
        lost = self.rows("select id, status from ops.runs where status not in ('succeeded', 'failed', 'canceled')")
        print(f"kills: {dict(self.done)}, seed {self.seed}")
        print(f"runs: {dict((status, int(count)) for status, count in runs)}; effects: {sum(effects.values())}")
        print(f"interrupted, a person was asked: {dict(self.asked)}; unknown at the end: {unknown}")
        print(f"lost runs: {len(lost)}, repeated effects: {len(repeated)}, wrong reports: {len(wrong)}, orphans: {len(left)}")
        if self.control:
            return [] if repeated else ["the control saw no repeated effect: this storm would notice nothing"]
        failed = self.rows("select id, error from ops.runs where status <> 'succeeded'")
        return wrong + [f"repeated: {repeated}"] * bool(repeated) + [f"lost: {lost}"] * bool(lost) + \
            [f"alive: {left}"] * bool(left) + [f"not succeeded: {failed}"] * bool(failed)


def main():
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    storm = Storm(numbers[0] if numbers else 40, "--control" in sys.argv)
    try:
        storm.prepare()
        storm.rage()
        storm.calm()
        wrong = storm.verdict()
    finally:
        storm.over.set()
        storm.room.close()
    for line in wrong:
        print("WRONG", line)
    sys.exit(1 if wrong else 0)


main()
