"""Wrong input: each names the thing and the remedy, ends the run as failed, and hangs nothing."""
import json
import os
import pathlib
import subprocess
import unittest

from harness import Room, request

ECHO = """
name: echo
steps:
  - tool: exec.run
    with: { command: [echo, hello] }
"""


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = Room()

    @classmethod
    def tearDownClass(cls):
        cls.room.close()

    def refused(self, *arguments, code=2, says=(), env=None):
        done = self.room.opsroom(*arguments, check=False, env=env)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        for text in says:
            self.assertIn(text, done.stderr)
        return done.stderr

    def failed_run(self, runbook_text, *says, session="test", worker_env=None):
        """Runs it on a worker of its own; the run must fail with a message that says all of `says`."""
        path = self.room.root / "given.yaml"
        path.write_text(runbook_text)
        run = self.room.enqueue(str(path), session=session)
        worker = self.room.worker("worker-bad", **(worker_env or {}))
        try:
            self.room.wait_for_status(run, "failed")
        finally:
            worker.stop()
        told = self.room.psql(f"select error || ' ' || coalesce(hint, '') from ops.runs where id = {run}")
        for text in says:
            self.assertIn(text, told)
        return run

    # -- before anything runs

    def test_a_runbook_that_does_not_parse_names_line_and_column(self):
        path = self.room.root / "broken.yaml"
        path.write_text("name: broken\nsteps:\n  - tool: exec.run\n    with: { command: [a, b }\n")
        self.refused("run", str(path), says=["broken.yaml:4:"])
        path.write_text("name: broken\nsteps:\n  - tol: exec.run\n")
        self.refused("run", str(path), says=["broken.yaml:3:5", "tol", "tool"])

    def test_an_unknown_runbook_lists_what_is_known(self):
        self.room.runbook("echo", ECHO)
        self.refused("run", "eco", says=["eco", "echo"])

    def test_a_missing_input_is_named_with_its_remedy(self):
        self.room.runbook("needs", "name: needs\ninputs: { type: object, properties: { who: { type: string } }, "
                          "required: [who] }\nsteps:\n  - tool: exec.run\n    with: { command: [echo] }\n")
        self.refused("run", "needs", says=["who", "--input who="])

    def test_a_run_that_does_not_exist(self):
        self.refused("show", "999999", says=["999999"])
        self.refused("cancel", "999999", says=["999999"])

    def test_a_setting_out_of_range_names_itself_and_the_range(self):
        self.refused("worker", env={"CONCURRENCY": "zero"}, says=["CONCURRENCY is 'zero'", "1 to 256"])
        self.refused("worker", "--batch", "1000", says=["--batch is '1000'", "1 to 100"])
        self.refused("worker", "--lease-seconds", "10", "--self-fence-ms", "10000",
                     says=["do not fit together"])

    def test_an_unknown_key_of_the_settings_file(self):
        path = self.room.root / "bad.toml"
        path.write_text("concurency = 3\n")
        self.refused("--config", str(path), "runs", says=["concurency", "concurrency"])

    def test_an_address_that_others_could_reach(self):
        self.refused("serve", "--port", "0", "--address", "0.0.0.0", says=["0.0.0.0", "127.0.0.1"])

    def test_a_file_that_does_not_exist(self):
        self.refused("run", "missing.yaml", says=["missing.yaml", "opsroom runbooks"])

    def test_usage_errors(self):
        done = self.room.opsroom("fly", check=False)
        self.assertEqual(done.returncode, 2)
        done = self.room.opsroom(check=False)
        self.assertEqual(done.returncode, 2)

    # -- databases

    def test_a_database_that_cannot_be_reached(self):
        self.refused("runs", code=5, env={"DATABASE_URL": "postgresql://nobody:secret@127.0.0.1:1/ops"},
                     says=["127.0.0.1", "DATABASE_URL"])

    def test_wrong_database_urls(self):
        told = self.refused("runs", code=2, env={"DATABASE_URL": "postgresql://u:secret@[bad"}, says=["DATABASE_URL"])
        self.assertNotIn("secret", told)
        self.refused("runs", code=5, says=["nowhere"],
                     env={"DATABASE_URL": f"postgresql:///nowhere?host={self.room.cluster}&user=opsroom"})
        self.room._psql("postgres", "create database empty")
        self.refused("runs", code=5, says=["opsroom migrate up"],
                     env={"DATABASE_URL": f"postgresql:///empty?host={self.room.cluster}&user=opsroom"})

    def test_a_changed_migration_is_refused_by_name(self):
        self.room.psql("update ops.schema_migrations set checksum = repeat('0', 64) where version = 1")
        try:
            told = self.refused("migrate", "up", code=2)
            self.assertIn("0001", told)
        finally:
            self.room.psql("delete from ops.schema_migrations where false")
            self.restore_checksum()

    def restore_checksum(self):
        import hashlib
        share = pathlib.Path(os.environ.get("OPSROOM_BIN", "")).parent.parent / "share/opsroom/migrations"
        if not share.is_dir():
            share = pathlib.Path(__file__).resolve().parents[2] / "migrations"
        first = sorted(share.glob("0001_*.sql"))[0]
        digest = hashlib.sha256(first.read_bytes()).hexdigest()
        self.room.psql(f"update ops.schema_migrations set checksum = '{digest}' where version = 1")
        self.room.opsroom("migrate", "up")

    # -- in a run

    def test_an_unknown_tool_is_named_before_the_first_step(self):
        run = self.failed_run("name: x\nsteps:\n  - tool: exec.run\n    with: { command: [echo, hi] }\n"
                              "  - tool: exec.rum\n", "exec.rum", "exec.run")
        self.assertEqual(self.room.log_lines(run), [])

    def test_an_unknown_source_is_named(self):
        self.failed_run("name: x\nsteps:\n  - tool: exek.run\n", "exek", "exec")

    def test_a_command_that_does_not_exist(self):
        self.failed_run("name: x\nsteps:\n  - tool: exec.run\n    with: { command: [no-such-program] }\n",
                        "no-such-program")

    def test_an_mcp_server_whose_command_does_not_exist(self):
        tools = self.room.scratch / "tools.json"
        tools.write_text(json.dumps({"mcpServers": {"ghost": {"command": "no-such-server"}}}))
        self.failed_run("name: x\nsteps:\n  - tool: ghost.walk\n", "ghost", "no-such-server",
                        worker_env={"OPSROOM_TOOLS": str(tools)})

    def test_a_plugin_that_is_not_a_library(self):
        library = self.room.root / "paper.so"
        library.write_text("this is no library\n")
        tools = self.room.scratch / "tools.json"
        tools.write_text(json.dumps({"plugins": {"paper": {"library": str(library)}}}))
        self.failed_run("name: x\nsteps:\n  - tool: paper.fold\n", "paper.so",
                        worker_env={"OPSROOM_TOOLS": str(tools)})

    def test_a_repository_that_cannot_be_cloned(self):
        self.room.opsroom("session", "no-repo", "--repo", "/no/such/repository")
        self.failed_run(ECHO, "/no/such/repository", session="no-repo")

    def test_a_base_that_does_not_exist(self):
        repository = self.room.root / "repository"
        subprocess.run(["git", "init", "-q", str(repository)], check=True)
        subprocess.run(["git", "-C", str(repository), "-c", "user.name=t", "-c", "user.email=t@t",
                        "commit", "-q", "--allow-empty", "-m", "one"], check=True)
        self.room.opsroom("session", "no-base", "--repo", repository, "--base", "nope")
        self.failed_run(ECHO, "nope", session="no-base")

    def test_a_tools_file_of_servers_alone_keeps_the_plugins(self):
        tools = self.room.scratch / "tools.json"
        tools.write_text('{"mcpServers": {}}')
        path = self.room.runbook("echo", ECHO)
        run = self.room.enqueue(str(path), session="plugins")
        worker = self.room.worker("worker-plugins", OPSROOM_TOOLS=tools)
        try:
            self.room.wait_for_status(run, "succeeded")
        finally:
            worker.stop()

    def test_a_tools_file_that_is_wrong(self):
        tools = self.room.scratch / "tools.json"
        tools.write_text('{"mcpServers": {"a": {"command": "x", "opsroom": {"scop": "lane"}}}}')
        self.refused("worker", env={"OPSROOM_TOOLS": str(tools)}, says=["scop", "scope"])
        tools.write_text('{"mcpServers": ')
        self.refused("worker", env={"OPSROOM_TOOLS": str(tools)}, says=["tools.json", "line 1"])

    @unittest.skipUnless(os.geteuid() == 0, "mounting a small file system needs root")
    def test_a_full_disk_in_the_workspace_fails_the_run_and_says_so(self):
        small = self.room.root / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=700k", "tmpfs", str(small)])
        if mounted.returncode != 0:
            self.skipTest("this machine does not let root mount a tmpfs")
        try:
            self.failed_run(
                "name: x\nsteps:\n  - tool: files.write\n    with: { path: big.txt, content: \"" +
                "x" * 450_000 + "\" }\n  - tool: files.write\n    with: { path: more.txt, content: \"" +
                "y" * 450_000 + "\" }\n",
                "No space left on device", session="full", worker_env={"OPSROOM_WORKSPACES": str(small)})
        finally:
            subprocess.run(["umount", "-l", str(small)], check=True)

    # -- over HTTP

    def test_errors_are_json_with_code_message_and_hint(self):
        server = self.room.serve()
        token = self.room.token()
        try:
            for method, path, body, status in [
                ("GET", "/api/runs/999999", None, 404),
                ("GET", "/api/nothing", None, 404),
                ("DELETE", "/api/runs", None, 405),
                ("POST", "/run", {"session_id": 1}, 422),
                ("POST", "/run", {"session_id": 999999, "lane": "A", "runbook": "echo"}, 404),
                ("GET", "/api/runs?limit=many", None, 422),
            ]:
                got, answer = request(server.base + path, token, method, body)
                self.assertEqual(got, status, (path, answer))
                self.assertEqual(set(answer["error"]), {"code", "message", "hint"})
        finally:
            server.stop()

    def test_a_port_that_is_taken_is_named(self):
        server = self.room.serve()
        port = server.base.rsplit(":", 1)[1]
        try:
            done = self.room.opsroom("serve", "--port", port, check=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn(port, done.stderr)
            self.assertIn("--port", done.stderr)
        finally:
            server.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
