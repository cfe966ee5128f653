"""The event stream over a restart of its server: every line once, in order."""
import http.client
import json
import unittest
import urllib.parse

from harness import Room, request

LINES = 20_000
RUNBOOK = f"""
name: lines
steps:
  - id: print
    tool: exec.run
    with:
      command: [sh, -c, 'i=0; while [ $i -lt {LINES} ]; do i=$((i+1)); echo "line $i"; [ $((i % 200)) -ne 0 ] || sleep 0.02; done']
    timeout: 5m
"""


class Reader:
    """Reads server-sent events; resumes with the last id it has seen."""

    def __init__(self, token, path):
        self.token, self.path, self.last_id = token, path, None

    def events(self, base):
        """Events until the stream ends or breaks."""
        place = urllib.parse.urlsplit(base)
        connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"}
        if self.last_id is not None:
            headers["Last-Event-ID"] = self.last_id
        try:
            connection.request("GET", self.path, headers=headers)
            answer = connection.getresponse()
            assert answer.status == 200, (answer.status, answer.read())
            fields = {}
            while True:
                line = answer.readline()
                if not line.endswith(b"\n"):
                    return  # cut off: an unfinished event does not count
                line = line.rstrip(b"\r\n").decode()
                if line:
                    if not line.startswith(":"):
                        name, _, value = line.partition(": ")
                        fields[name] = value
                    continue
                if fields:
                    if "id" in fields:
                        self.last_id = fields["id"]
                    yield fields.get("event"), json.loads(fields.get("data", "null"))
                fields = {}
        except (ConnectionError, http.client.HTTPException, TimeoutError, OSError):
            return
        finally:
            connection.close()


class StreamTest(unittest.TestCase):
    def setUp(self):
        self.room = Room()
        self.addCleanup(self.room.close)
        self.room.runbook("lines", RUNBOOK)
        self.room.worker("worker-1")
        self.token = self.room.token()

    def read_over_a_restart(self, path_of, end):
        server = self.room.serve()
        port = server.base.rsplit(":", 1)[1]
        run = self.room.enqueue("lines")
        reader = Reader(self.token, path_of(run))
        lines, seqs, connections, restarted, ended = [], [], 0, False, False
        while not ended:
            connections += 1
            self.assertLess(connections, 50)
            for kind, data in reader.events(server.base):
                if end(kind, data):
                    ended = True
                    break
                if kind != "event":
                    continue
                seqs.append((data["seq"], data["last_seq"]))
                lines += data["lines"]
                if len(lines) > LINES // 2 and not restarted:
                    restarted = True
                    server.kill()
                    server = self.room.serve(port)
                    break
        self.assertTrue(restarted)
        self.assertGreaterEqual(connections, 2)
        self.assertEqual(lines, [f"line {i}" for i in range(1, LINES + 1)])
        expected = 1
        for first, last in seqs:
            self.assertEqual(first, expected)
            expected = last + 1
        print(f"\n{path_of(run)}: {len(lines)} lines once and in order over {connections} connections")

    def test_a_runs_stream_survives_a_killed_server(self):
        self.read_over_a_restart(lambda run: f"/api/stream?run={run}", lambda kind, data: kind == "end")

    def test_a_sessions_stream_survives_a_killed_server(self):
        self.read_over_a_restart(
            lambda run: "/api/stream?session=1",
            lambda kind, data: kind == "event" and data["kind"] == "run.finished")

    def test_everything_but_healthz_needs_a_credential(self):
        server = self.room.serve()
        self.assertEqual(request(server.base + "/healthz")[0], 200)
        for path in ("/api/sessions", "/api/runs", "/api/stream?run=1", "/api/workers", "/readyz"):
            status, body = request(server.base + path)
            self.assertEqual(status, 401, path)
            self.assertEqual(set(body["error"]), {"code", "message", "hint"})


if __name__ == "__main__":
    unittest.main(verbosity=2)
