"""A control room for black-box tests: its own PostgreSQL, and the real binary from outside.

Standard library only. Everything a Room starts is ended when it is closed, and its directory removed.
"""
import contextlib
import glob
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("OPSROOM_BIN", ROOT / "build/dev/bin/opsroom"))


def postgres_programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda p: float(p.split("/")[-2]))
    if not found:
        raise RuntimeError("PostgreSQL is not installed: ./dev setup")
    return pathlib.Path(found[-1])


def until(condition, seconds=20, what="the condition"):
    """Asks again and again until the condition holds; fails after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


def alive(pid):
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class Process:
    """A started program whose output lines are kept as they come."""

    def __init__(self, argv, env, cwd):
        self.lines = []
        self.popen = subprocess.Popen(
            argv, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.popen.stdout:
            with self._news:
                self.lines.append(line.rstrip("\n"))
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for(self, text, seconds=30):
        """The first line that contains the text."""
        deadline = time.monotonic() + seconds
        with self._news:
            while True:
                for line in self.lines:
                    if text in line:
                        return line
                left = deadline - time.monotonic()
                if left <= 0 or (self.popen.poll() is not None and not self._reader.is_alive()):
                    raise AssertionError(f"no line with {text!r} in:\n" + "\n".join(self.lines[-40:]))
                self._news.wait(min(left, 0.5))

    @property
    def pid(self):
        return self.popen.pid

    def signal(self, number):
        self.popen.send_signal(number)

    def stop(self, seconds=30):
        if self.popen.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            code = self.popen.wait(seconds)
            self.close()
            return code
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError("it did not stop after SIGTERM:\n" + "\n".join(self.lines[-40:]))

    def kill(self):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.wait(20)
        self.close()

    def close(self):
        """Reads what is left; the pipe ends with the last process that holds it."""
        self._reader.join(20)
        self.popen.stdout.close()


class Room:
    """A migrated database and a data directory; workers and servers are started on request."""

    def __init__(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="opsroom-e2e-"))
        self.root.chmod(0o755)
        self.home = self.root / "home"
        self.workspaces = self.root / "workspaces"
        self.runbooks = self.root / "runbooks"
        self.scratch = self.root / "scratch"
        for directory in (self.home, self.workspaces, self.runbooks, self.scratch):
            directory.mkdir()
        self.processes = []
        self._start_cluster()
        self.env = {
            **os.environ, "OPSROOM_HOME": str(self.home), "DATABASE_URL": self.url,
            "OPSROOM_WORKSPACES": str(self.workspaces), "OPSROOM_RUNBOOKS": str(self.runbooks),
            "NO_COLOR": "1"}
        self.opsroom("migrate", "up")

    # -- the database

    def _as_postgres(self, argv):
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *argv] \
            if os.geteuid() == 0 else argv

    def _start_cluster(self):
        self.programs = postgres_programs()
        self.cluster = self.root / "pg"
        self.cluster.mkdir()
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.cluster, user.pw_uid, user.pw_gid)
        subprocess.run(
            self._as_postgres([str(self.programs / "initdb"), "-D", str(self.cluster / "data"),
                               "-U", "opsroom", "--auth=trust", "--no-sync"]),
            cwd=self.cluster, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self.start_database()
        self.url = f"postgresql:///opsroom?host={self.cluster}&user=opsroom"
        self._psql("postgres", "create database opsroom")

    def start_database(self):
        self.server = Process(
            self._as_postgres([str(self.programs / "postgres"), "-D", str(self.cluster / "data"),
                               "-k", str(self.cluster), "-c", "listen_addresses=", "-F",
                               "-c", "max_connections=200"]),
            dict(os.environ), self.cluster)
        self.server.wait_for("ready to accept connections")

    def stop_database(self):
        self.server.signal(signal.SIGINT)
        self.server.popen.wait(20)
        self.server.close()

    def _psql(self, database, sql):
        done = subprocess.run(
            [str(self.programs / "psql"), "-h", str(self.cluster), "-U", "opsroom", "-d", database,
             "-qAtX", "-v", "ON_ERROR_STOP=1", "-c", sql],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/")
        return done.stdout.strip()

    def psql(self, sql):
        return self._psql("opsroom", sql)

    # -- the binary

    def opsroom(self, *arguments, check=True, env=None, timeout=60):
        done = subprocess.run(
            [str(BINARY), *map(str, arguments)], env={**self.env, **(env or {})}, cwd=self.root,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"opsroom {arguments} exited with {done.returncode}:\n"
                                 f"{done.stdout}\n{done.stderr}")
        return done

    def start(self, *arguments, env=None):
        process = Process([str(BINARY), *map(str, arguments)], {**self.env, **(env or {})}, self.root)
        self.processes.append(process)
        return process

    def worker(self, name, concurrency=4, **settings):
        process = self.start("worker", env={
            "WORKER_ID": name, "CONCURRENCY": str(concurrency),
            **{key: str(value) for key, value in settings.items()}})
        process.wait_for("is ready")
        return process

    def serve(self, port=0):
        process = self.start("serve", "--port", port)
        process.base = process.wait_for("listening http").split()[-1]
        return process

    # -- work

    def runbook(self, name, text):
        path = self.runbooks / f"{name}.yaml"
        path.write_text(text)
        return path

    def enqueue(self, runbook, lane="A", session="test", inputs=()):
        words = [word for value in inputs for word in ("-i", value)]
        done = self.opsroom("--json", "run", runbook, "--session", session, "--lane", lane, *words)
        return json.loads(done.stdout)["id"]

    def status(self, run):
        return self.psql(f"select status from ops.runs where id = {run}")

    def wait_for_status(self, run, *wanted, seconds=30):
        try:
            return until(lambda: self.status(run) in wanted and self.status(run), seconds)
        except AssertionError:
            logs = "\n".join(line for process in self.processes for line in process.lines[-15:])
            raise AssertionError(
                f"run {run} is {self.status(run)}, not {wanted}: "
                + self.psql(f"select error from ops.runs where id = {run}") + "\n" + logs) from None

    def log_lines(self, run):
        text = self.psql("select coalesce(string_agg(lines, E'\\n' order by seq), '') "
                         f"from ops.run_events where run_id = {run} and kind = 'log'")
        return text.split("\n") if text else []

    def token(self):
        """A token of our own, as an operator would make one."""
        import hashlib
        secret = "ops_test_" + os.urandom(32).hex()
        digest = hashlib.sha256(secret.encode()).hexdigest()
        self.psql("insert into ops.api_tokens (kind, sha256, name, role, expires_at) "
                  f"values ('token', '{digest}', 'test', 'admin', now() + interval '1 day')")
        return secret

    def close(self):
        for process in self.processes:
            with contextlib.suppress(Exception):
                process.signal(signal.SIGCONT)
                process.stop(25)
            with contextlib.suppress(Exception):
                process.kill()
        with contextlib.suppress(Exception):
            self.stop_database()
        with contextlib.suppress(Exception):
            self.server.kill()
        shutil.rmtree(self.root, ignore_errors=True)


def request(url, token=None, method="GET", body=None, headers=None, timeout=20):
    """(status, parsed body); never through a proxy."""
    data = json.dumps(body).encode() if body is not None else None
    head = dict(headers or {})
    if token:
        head["Authorization"] = f"Bearer {token}"
    if data:
        head["Content-Type"] = "application/json"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, data, head, method=method), timeout=timeout) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")
