"""`opsroom up` and `opsroom demo` as a newcomer meets them: private database, link, kill -9, ports."""
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import BINARY, Process, alive, request, until


class UpTest(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="opsroom-up-"))
        self.root.chmod(0o755)
        self.env = {**os.environ, "OPSROOM_HOME": str(self.root / "home"), "NO_COLOR": "1"}
        self.env.pop("DATABASE_URL", None)
        self.started = []
        self.addCleanup(self.clear_away)

    def clear_away(self):
        for process in self.started:
            if process.popen.poll() is None:
                process.stop(60)
        shutil.rmtree(self.root, ignore_errors=True)

    def up(self, *arguments):
        process = Process([str(BINARY), "up", *arguments], self.env, self.root)
        self.started.append(process)
        return process

    def opened(self, process):
        """(base, code) of the printed link."""
        line = process.wait_for("#login=", 90)
        return re.search(r"(http://[^/]+)/#login=(\S+)", line).groups()

    def opsroom(self, *arguments):
        return subprocess.run(
            [str(BINARY), *arguments], env=self.env, cwd=self.root, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)

    def children_of(self, pid):
        found = []
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
            for child in task.read_text().split():
                found += [int(child), *self.children_of(int(child))]
        return found

    def test_the_whole_life_of_a_control_room(self):
        first = self.up("--port", "0")
        base, code = self.opened(first)

        # A second one in the same place is refused, and says what to do instead.
        second = self.opsroom("up")
        self.assertEqual(second.returncode, 2)
        self.assertIn("already up", second.stderr)
        self.assertIn("opsroom login", second.stderr)
        self.assertEqual((self.root / "home/url").read_text().strip(), base)

        # The code works once.
        status, body = request(base + "/api/login", method="POST", body={"code": code},
                               headers={"Origin": base})
        self.assertEqual(status, 200, body)
        status, body = request(base + "/api/login", method="POST", body={"code": code},
                               headers={"Origin": base})
        self.assertEqual(status, 401, body)

        # The command line works at once, through the same books.
        done = self.opsroom("run", "run-command", "-i", 'command=["echo","hello"]', "--follow")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("hello", done.stdout)

        # A killed control room takes everything with it; the next one recovers the database.
        family = self.children_of(first.pid)
        self.assertGreaterEqual(len(family), 4)
        first.kill()
        until(lambda: not any(alive(pid) for pid in family), 15, "the end of the whole family")
        again = self.up("--port", "0")
        self.opened(again)
        done = self.opsroom("--json", "runs")
        self.assertIn('"succeeded"', done.stdout)

        # A part that dies is started again.
        os.kill(self.part_of(again, "worker"), signal.SIGKILL)
        again.wait_for("starting it again")
        done = self.opsroom("run", "run-command", "-i", 'command=["echo","again"]', "--follow")
        self.assertIn("again", done.stdout)

        # An orderly end leaves nothing.
        family = self.children_of(again.pid)
        self.assertEqual(again.stop(60), 0)
        self.assertEqual([pid for pid in family if alive(pid)], [])
        done = self.opsroom("runs")
        self.assertEqual(done.returncode, 5)
        self.assertIn("opsroom up", done.stderr)

    @staticmethod
    def command_of(pid):
        try:
            return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        except OSError:
            return []

    def test_a_taken_port_is_said_and_another_one_used(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            process = self.up("--port", str(port))
            base, _ = self.opened(process)
            self.assertNotEqual(base, f"http://127.0.0.1:{port}")
            process.wait_for(f"port {port} is taken: the page is at {base}")

    def test_settings_given_to_up_reach_its_parts(self):
        runbooks = self.root / "my runbooks"
        runbooks.mkdir()
        (runbooks / "own.yaml").write_text(
            "name: own\ndescription: Ours\nsteps:\n  - id: a\n    tool: exec.run\n    with: { command: [echo] }\n")
        process = self.up("--port", "0", "--runbooks", "my runbooks", "--lease-seconds", "12",
                          "--address", "127.0.0.2", "--log", "debug")
        base, code = self.opened(process)
        self.assertIn("127.0.0.2", base)
        for name in ("serve", "worker"):
            part = self.part_of(process, name)
            variables = pathlib.Path(f"/proc/{part}/environ").read_bytes().decode().split("\0")
            for wanted in (f"OPSROOM_RUNBOOKS={runbooks}:", "LEASE_SECONDS=12", "HEARTBEAT_MS=4000",
                           "OPSROOM_ADDRESS=127.0.0.2", "OPSROOM_LOG=debug"):
                self.assertTrue([v for v in variables if v.startswith(wanted)], wanted)

        # A server that is started again listens where it did.
        os.kill(self.part_of(process, "serve"), signal.SIGKILL)
        process.wait_for("starting it again")
        until(lambda: self.answers(base), 30, "the page at the same address")

    def test_tools_are_read_again_when_they_change_and_secrets_on_a_hangup(self):
        secret, tools = self.root / "secret", self.root / "tools.json"
        secret.write_text("four")
        tools.write_text('{"plugins": {"exec": {"env": {"TOKEN": "${file:secret}"}}}}')
        process = self.up("--port", "0")
        self.opened(process)

        def length():
            command = 'command=["sh","-c","echo length ${#TOKEN}"]'
            done = self.opsroom("run", "run-command", "-i", command, "--follow")
            found = re.search(r"length \d", done.stdout)
            self.assertTrue(found, done.stdout + done.stderr)
            return found.group()

        def times_read():
            return sum("was read again" in line for line in process.lines)

        self.assertEqual(length(), "length 4")
        secret.write_text("number")
        self.assertEqual(length(), "length 4")
        process.signal(signal.SIGHUP)
        until(lambda: times_read() == 1, 60, "reading it on a hangup")
        self.assertEqual(length(), "length 6")
        tools.write_text('{"plugins": {"exec": {}}}')
        until(lambda: times_read() == 2, 60, "reading it when it has changed")
        self.assertEqual(length(), "length 0")
        tools.write_text('{"plugins": ')
        process.wait_for("tools.json: not JSON", 60)
        self.assertEqual(length(), "length 0")

    def answers(self, base):
        try:
            return request(base + "/api/health")[0] > 0
        except OSError:
            return False

    def part_of(self, process, name):
        return next(pid for pid in self.children_of(process.pid) if self.command_of(pid)[1:2] == [name])

    def test_a_second_ctrl_c_is_quick(self):
        process = self.up("--port", "0")
        self.opened(process)
        done = self.opsroom("run", "run-command", "-i", 'command=["sleep","60"]')
        self.assertEqual(done.returncode, 0, done.stderr)
        process.wait_for("started in lane")
        family = self.children_of(process.pid)
        process.signal(signal.SIGINT)
        process.wait_for("stopping:")
        process.wait_for("shutting down")
        before = time.monotonic()
        process.signal(signal.SIGINT)
        self.assertEqual(process.popen.wait(60), 0)
        self.assertLess(time.monotonic() - before, 25)
        process.close()
        self.assertEqual([pid for pid in family if alive(pid)], [])

    def demo_interrupted_at(self, line):
        temporary = self.root / "tmp"
        temporary.mkdir()
        temporary.chmod(0o755)
        process = Process([str(BINARY), "demo"], {**self.env, "TMPDIR": str(temporary)}, self.root)
        self.started.append(process)
        process.wait_for(line, 120)
        family = self.children_of(process.pid)
        process.signal(signal.SIGINT)
        code = process.popen.wait(60)
        process.close()
        self.assertEqual(code, 4, "\n".join(process.lines[-20:]))
        self.assertIn("interrupted", process.lines[-1])
        until(lambda: not any(alive(pid) for pid in family), 15, "the end of the whole family")
        self.assertEqual(list(temporary.iterdir()), [])

    def test_ctrl_c_in_the_demo_ends_it(self):
        self.demo_interrupted_at("soak round 2")

    def test_ctrl_c_while_the_demo_starts_ends_it(self):
        self.demo_interrupted_at("making a private PostgreSQL")

    def test_a_settings_file_that_is_not_there_is_named(self):
        done = self.opsroom("runs", "--config", "nowhere.toml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("nowhere.toml", done.stderr)

    def test_demo(self):
        done = subprocess.run([str(BINARY), "demo"], env=self.env, cwd=self.root, timeout=240,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("A failed as expected, B and C succeeded, D was canceled", done.stdout)
        self.assertIn("+    return len(text.split())", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
