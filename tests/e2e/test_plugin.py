"""`opsroom plugin new` and `opsroom plugin check`, from outside."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

BINARY = os.environ["OPSROOM_BIN"]
PLUGINS = pathlib.Path(os.environ["OPSROOM_TEST_PLUGINS"])
WAIT = pathlib.Path(BINARY).resolve().parent.parent / "lib/opsroom/plugins/wait.so"

# An MCP server that prints, takes whatever it is given, and speaks only the older protocol.
SLOPPY = """
import json, sys
print("sloppy is starting", flush=True)
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    answer = {"error": {"code": -32601, "message": "unknown method"}}
    if message["method"] == "initialize":
        answer = {"result": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                             "serverInfo": {"name": "sloppy", "version": "1"}}}
    if message["method"] == "tools/list":
        answer = {"result": {"tools": [{"name": "take", "inputSchema": {"type": "object",
                  "required": ["path"], "properties": {"path": {"type": "string"}}}}]}}
    if message["method"] == "tools/call":
        answer = {"result": {"content": [{"type": "text", "text": "fine"}]}}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **answer}), flush=True)
"""


# Sanitized builds keep what was freed for a while, which is no leak of the plugin's.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
               ":quarantine_size_mb=1:thread_local_quarantine_size_kb=0"}


class PluginTest(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="opsroom-plugin-")
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name)

    def opsroom(self, *words):
        return subprocess.run([BINARY, *map(str, words)], cwd=self.scratch, text=True, timeout=200,
                              stdin=subprocess.DEVNULL, capture_output=True, env=ENVIRONMENT)

    def report(self, *words):
        done = self.opsroom("--json", "plugin", "check", *words)
        self.assertIn(done.returncode, (0, 1), done.stdout + done.stderr)
        report = json.loads(done.stdout)
        for finding in report["findings"]:
            self.assertTrue(finding["remedy"], finding)
        return done, report

    def check(self, *words):
        """Exit code and the texts of the problems."""
        done, report = self.report(*words)
        return done.returncode, [f["text"] for f in report["findings"] if f["problem"]]

    def assert_problem(self, text, *words):
        code, problems = self.check(*words)
        self.assertEqual(code, 1)
        self.assertTrue(any(text in problem for problem in problems), problems)

    def test_new_writes_a_project(self):
        done = self.opsroom("plugin", "new", "my-tool")
        self.assertEqual(done.returncode, 0, done.stderr)
        project = self.scratch / "my-tool"
        files = sorted(str(p.relative_to(project)) for p in project.rglob("*") if p.is_file())
        self.assertEqual(files, [".gitignore", "CMakeLists.txt", "README.md", "my-tool.cpp", "my-tool_test.cpp",
                                 "runbooks/my-tool.yaml", "tools.json"])
        for path in files:
            self.assertNotIn("@NAME@", (project / path).read_text())
        json.loads((project / "tools.json").read_text())

    def test_new_touches_nothing_that_is_there(self):
        (self.scratch / "taken").mkdir()
        (self.scratch / "link").symlink_to("nowhere")
        for name in ("taken", "link"):
            done = self.opsroom("plugin", "new", name)
            self.assertEqual(done.returncode, 2)
            self.assertIn("is there already", done.stderr)
        self.assertEqual(list((self.scratch / "taken").iterdir()), [])

    def test_new_refuses_bad_names(self):
        for name in ("Hello", "9lives", "a b", "../up", "", "x" * 41, "a/b"):
            done = self.opsroom("plugin", "new", "--", name)
            self.assertEqual(done.returncode, 2, name)
        self.assertEqual(list(self.scratch.iterdir()), [])

    def test_check_finds_nothing_wrong_with_a_good_one(self):
        self.assertEqual(self.check(PLUGINS / "kit.so"), (0, []))
        self.assertEqual(self.check(PLUGINS / "kit-mcp"), (0, []))
        code, problems = self.check(PLUGINS / "kit.so", "--call", "greet", "--arguments", '{"name": "Ann"}')
        self.assertEqual((code, problems), (0, []))

    def test_check_reads_the_file_before_it_is_loaded(self):
        self.assert_problem("does not export opsroom_plugin_v1", PLUGINS / "no_entry.so")
        self.assert_problem("plugin ABI 9", PLUGINS / "wrong_abi.so")
        (self.scratch / "text.so").write_text("no library")
        done = self.opsroom("plugin", "check", "text.so")
        self.assertEqual(done.returncode, 2)
        self.assertIn("not a shared library", done.stderr)

    def test_check_finds_what_calls_leave_behind(self):
        library = PLUGINS / "careless.so"
        self.assert_problem("KiB of memory", library, "--call", "keep_memory")
        self.assert_problem("file descriptors", library, "--call", "keep_files")

    def test_check_finds_a_tool_that_does_not_hear_the_cancel(self):
        self.assert_problem("does not stop when it is cancelled", PLUGINS / "careless.so", "--call", "be_deaf",
                            "--patience", "2")

    def test_check_finds_a_result_that_is_not_as_promised(self):
        self.assert_problem("outputSchema promises", PLUGINS / "careless.so", "--call", "break_promise")

    def test_check_finds_a_crash(self):
        self.assert_problem("died of", PLUGINS / "misbehaving.so", "--call", "crash")

    def test_check_finds_what_is_wrong_with_any_server(self):
        script = self.scratch / "sloppy.py"
        script.write_text(SLOPPY)
        self.assert_problem("no messages, the first: sloppy is starting", "--", sys.executable, script)
        self.assert_problem("takes arguments that do not fit", "--", sys.executable, "sloppy.py")

    def test_check_finds_stray_prints_of_a_library_and_of_its_server(self):
        self.assert_problem("it prints on stdout, 24 bytes, the first line: loading pollutes stdout",
                            PLUGINS / "fixture.so", "--call", "echo", "--arguments", '{"text": "x"}')
        self.assert_problem("it prints on stdout", PLUGINS / "misbehaving.so", "--call", "print", "--within", "5")
        self.assert_problem("it prints on stdout", PLUGINS / "fixture-mcp", "--call", "throws")

    def test_check_calls_a_tool_that_works_with_what_it_can_make_up(self):
        done, report = self.report(WAIT.with_name("files.so"))  # its first one needs a file
        self.assertEqual((report["called"], report["findings"], report["unchecked"]), ("list", [], []))

    def test_check_says_what_it_had_no_time_for(self):
        done, report = self.report(WAIT, "--within", "4")
        self.assertEqual((done.returncode, report["problems"]), (0, 0), report)
        self.assertTrue(any(what.startswith("what 1000 calls leave behind") for what in report["unchecked"]),
                        report)
        self.assertEqual(report["called"], "")
        done = self.opsroom("plugin", "check", WAIT, "--within", "4")
        self.assertIn("not checked: what 1000 calls leave behind", done.stdout)
        self.assertIn("--within", done.stdout)
        done, report = self.report(WAIT, "--call", "duration", "--arguments", '{"seconds": 0}')
        self.assertEqual((report["unchecked"], report["called"]), ([], "duration"))

    def test_check_says_what_it_did_not_come_to(self):
        done, report = self.report("/bin/true")
        self.assertEqual(report["unchecked"][0], "a tool that is not there")

    def test_check_says_when_there_is_nothing_to_talk_to(self):
        self.assert_problem("does not answer", "/bin/true")
        self.assert_problem("can't start", "/no/such/program")


if __name__ == "__main__":
    unittest.main(verbosity=2)
