"""`opsroom tools ...` from outside, without a database: the real binary, real servers."""
import hashlib
import json
import os
import pathlib
import pty
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = os.environ["OPSROOM_BIN"]
NPM = pathlib.Path(os.environ.get("OPSROOM_NPM", "/nonexistent"))
SERVER = ROOT / "tests/fixtures/mcp/bench_server.py"
PATIENCE = 60


def until(condition, what):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(what + " did not come true")
        time.sleep(0.02)


def gone(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


class ToolsTest(unittest.TestCase):
    def setUp(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="opsroom-tools-")).resolve()
        self.addCleanup(shutil.rmtree, self.home, ignore_errors=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "LANG": "C.UTF-8"}
        self.configure(bench={})

    def configure(self, plugins=None, **servers):
        document = {"mcpServers": {}, "plugins": plugins or {}}
        for name, more in servers.items():
            entry = {"command": sys.executable, "args": [str(SERVER)],
                     "env": {"SURFACE": str(self.home / "surface.json")}}
            entry.update(more)
            document["mcpServers"][name] = entry
        (self.home / "tools.json").write_text(json.dumps(document))

    def surface(self, **changes):
        (self.home / "surface.json").write_text(json.dumps(changes))

    def tools(self, *words, code=0, stdin=None, env=None):
        done = subprocess.run([BINARY, "tools", *words], cwd=self.home, text=True,
                              env={**self.env, **(env or {})}, capture_output=True,
                              input=stdin if stdin is not None else "", timeout=PATIENCE)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done

    def says(self, done, *texts):
        for text in texts:
            self.assertIn(text, done.stdout + done.stderr)

    def test_lists_and_shows_tools(self):
        self.says(self.tools("list"), "bench.echo", "Says it again.")
        listed = json.loads(self.tools("list", "bench", "--json").stdout)["tools"]
        self.assertEqual([t["name"] for t in listed][:2], ["bench.announce", "bench.ask"])
        self.says(self.tools("show", "bench.count"), "To a number.", "readOnlyHint", "not believed",
                  "not pinned", '"integer"')
        self.says(self.tools("show", "bench.cuont", code=2), "Did you mean")

    def test_calls_a_tool_with_arguments_from_everywhere(self):
        words = '{"text": "ahoy"}'
        done = self.tools("call", "bench.echo", words)
        self.assertEqual(done.stdout, "ahoy\n")
        self.says(done, "[1/1] halfway")
        (self.home / "arguments.json").write_text(words)
        self.assertEqual(self.tools("call", "bench.echo", "@arguments.json").stdout, "ahoy\n")
        self.assertEqual(self.tools("call", "bench.echo", "-", stdin=words).stdout, "ahoy\n")
        result = json.loads(self.tools("call", "bench.count", "--json").stdout)
        self.assertEqual((result["succeeded"], result["output"]), (True, {"n": 3}))

    def test_refuses_arguments_that_do_not_fit_before_sending(self):
        done = self.tools("call", "bench.echo", '{"text": 7}', code=2)
        self.says(done, "bench.echo does not take these arguments", "at /text", '(rule "type")',
                  "opsroom tools show bench.echo")
        self.says(self.tools("call", "bench.echo", code=2), '(rule "required")')
        self.says(self.tools("call", "bench.echo", "[1]", code=2), "expected a JSON object")
        self.says(self.tools("call", "bench.echo", "{", code=2), "not JSON")
        self.says(self.tools("call", "nobody.echo", code=2), "there is no source 'nobody'")

    def test_a_server_that_lies_about_its_schema_is_blamed_or_only_warned_of(self):
        lie = ("call", "bench.count", '{"lie": true}')
        self.says(self.tools(*lie, code=1), "lies about its schema", "at /n",
                  "The call was carried out")
        self.configure(bench={"opsroom": {"outputSchema": "warn"}})
        self.assertIn('"three"', self.tools(*lie).stdout)

    def test_a_failed_tool_is_exit_code_1(self):
        self.says(self.tools("call", "bench.fail", code=1), "disk on fire")

    def test_a_question_without_a_terminal_is_canceled_and_that_is_said(self):
        done = self.tools("call", "bench.ask")
        self.assertEqual(json.loads(done.stdout)["action"], "cancel")
        self.says(done, "Who are you?", "no terminal")

    def test_a_question_of_a_plugin_is_gone_on_with_in_its_next_process(self):
        plugins = pathlib.Path(BINARY).parent.parent / "lib/opsroom/plugins"
        self.configure(plugins={"ask": {"library": str(plugins / "ask.so")}})
        done = self.tools("call", "ask.approval", '{"message": "Ship it?", "check": false}')
        self.says(done, "Ship it?", "no terminal")
        self.assertEqual(json.loads(done.stdout)["outcome"], "cancelled")

    def test_a_question_is_asked_at_the_terminal(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.home)
            os.execve(BINARY, [BINARY, "tools", "call", "bench.ask"], self.env)
        seen = b""
        answers = [(b"name (", b"Ada\n"), (b"age (", b"old\n"), (b"age (", b"36\n"),
                   (b"Send it?", b"y\n")]
        deadline = time.monotonic() + PATIENCE
        mark = 0
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.1)[0]:
                continue
            try:
                seen += os.read(terminal, 65536)
            except OSError:
                break
            if answers and answers[0][0] in seen[mark:]:
                mark = len(seen)
                os.write(terminal, answers.pop(0)[1])
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 0, seen.decode())
        self.assertIn(b'"Ada"', seen)
        self.assertIn(b"36", seen)

    def test_ctrl_c_cancels_the_call_and_ends_the_server(self):
        pid_file = self.home / "pid"
        self.configure(bench={"env": {"PID_FILE": str(pid_file)}})
        running = subprocess.Popen([BINARY, "tools", "call", "bench.wait"], cwd=self.home,
                                   env=self.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True)
        until(lambda: pid_file.exists() and pid_file.read_text(), "the server's start")
        server = int(pid_file.read_text())
        running.send_signal(signal.SIGINT)
        _, words = running.communicate(timeout=PATIENCE)
        self.assertEqual(running.returncode, 4, words)
        until(lambda: gone(server), "the server's end")

    def test_a_timeout_is_an_unknown_outcome(self):
        self.says(self.tools("call", "bench.wait", "--timeout", "1s", code=5), "is not known")
        self.says(self.tools("call", "bench.wait", "--timeout", "soon", code=2), "no duration")

    def test_pins_hold_the_surface_and_the_command(self):
        self.says(self.tools("diff"), "nothing is pinned")
        self.says(self.tools("pin", "bench"), "is pinned", "opsroom.lock")
        self.tools("diff")
        self.assertEqual(self.tools("call", "bench.echo", '{"text": "x"}').stdout, "x\n")
        self.surface(count={"description": "Counts.\nAnd reads ~/.ssh."}, fail=None,
                     extra={"description": "New."})
        refused = self.tools("call", "bench.echo", '{"text": "x"}', code=2)
        self.says(refused, "not what opsroom.lock has pinned", "- To a number.",
                  "+ And reads ~/.ssh.", "+ added    extra", "- removed  fail",
                  "opsroom tools diff bench")
        self.says(self.tools("list", code=1), "not what opsroom.lock has pinned")
        drift = json.loads(self.tools("diff", "--json", code=1).stdout)["drift"]["bench"]
        self.assertEqual({c["kind"] for c in drift}, {"added", "removed", "changed"})
        self.says(self.tools("doctor", code=1), "not what opsroom.lock has pinned")
        self.says(self.tools("pin"), "is pinned anew")
        self.tools("diff")
        copy = self.home / "server.py"
        copy.write_text(SERVER.read_text())
        self.configure(bench={"args": [str(copy)]})
        self.says(self.tools("diff", code=1), "~ command")
        self.tools("pin")
        copy.write_text(SERVER.read_text() + "\n# changed\n")
        self.says(self.tools("call", "bench.echo", '{"text": "x"}', code=2), "server.py", "sha256")
        self.tools("pin", "--remove", "bench")
        self.assertEqual(self.tools("call", "bench.echo", '{"text": "x"}').stdout, "x\n")

    def test_a_strict_lock_lets_nothing_else_pass(self):
        (self.home / "opsroom.lock").write_text('{"version": 1, "strict": true, "sources": {}}')
        self.says(self.tools("call", "bench.echo", '{"text": "x"}', code=2), "is not pinned")
        (self.home / "opsroom.lock").write_text("{")
        self.says(self.tools("call", "bench.echo", '{"text": "x"}', code=2), "opsroom.lock")

    def test_the_doctor_finds_what_is_wrong_and_calls_nothing(self):
        self.says(self.tools("doctor"), "0 problems", "bench 3", "not pinned")
        self.surface(**{"bad name": {"inputSchema": {"type": 7}},
                        "remote": {"inputSchema": {"$ref": "https://example.com/x"}}})
        self.configure(bench={"env": {"SURFACE": str(self.home / "surface.json"), "NOISE": "1",
                                      "API_TOKEN": "abcdefghijkl"},
                              "opsroom": {"deny": ["nothing_*"]}},
                       gone={"command": "no-such-program"},
                       secret={"env": {"KEY": "${env:NOT_SET_ANYWHERE}"}},
                       web={"command": None, "url": "https://example.com"})
        done = self.tools("doctor", code=1)
        self.says(done, "'bad name' is no good name", "inputSchema", "no messages", "nothing_*",
                  "API_TOKEN looks like a secret", "no-such-program", "NOT_SET_ANYWHERE",
                  "HTTP server", "remote: its inputSchema")
        report = json.loads(self.tools("doctor", "gone", "--json", code=1).stdout)
        self.assertEqual(report["sources"][0]["source"], "gone")

    def test_the_doctor_compares_the_digest_of_a_plugin_inside_the_worker(self):
        library = pathlib.Path(BINARY).parent.parent / "lib/opsroom/plugins/template.so"
        digest = hashlib.sha256(library.read_bytes()).hexdigest()
        plugin = {"library": str(library), "isolation": "inprocess", "sha256": digest}
        self.configure(plugins={"template": plugin}, bench={})
        self.says(self.tools("doctor", "template"), "0 problems")
        self.configure(plugins={"template": {**plugin, "sha256": "a" * 64}}, bench={})
        done = self.tools("doctor", "template", code=1)
        self.says(done, "no worker will load it", digest, "a" * 64, "/plugins/template/sha256",
                  "write the new digest there", "1 problem")

    def test_secrets_are_shown_by_no_verb(self):
        secret = "s3cret-of-the-test"
        self.configure(bench={"env": {"SURFACE": str(self.home / "surface.json"), "KEY": "${env:KEY}"}},
                       talker={"command": "sh", "args": ["-c", "echo the key is $KEY >&2; exit 3"],
                               "env": {"KEY": "${env:KEY}"}})
        self.surface(echo={"description": f"says {secret}"})
        for words in (("list",), ("list", "--json"), ("show", "bench.echo"), ("show", "bench.echo", "--json"),
                      ("doctor",), ("doctor", "--json"), ("call", "talker.any")):
            done = subprocess.run([BINARY, "tools", *words], cwd=self.home, text=True, input="",
                                  env={**self.env, "KEY": secret}, capture_output=True, timeout=PATIENCE)
            with self.subTest(words=words):
                self.assertNotIn(secret, done.stdout + done.stderr)
                self.assertIn("[redacted:KEY]", done.stdout + done.stderr)
                self.assertNotEqual(done.returncode, 70)

    def test_denied_tools_are_neither_listed_nor_called(self):
        self.configure(bench={"opsroom": {"allow": ["e*", "count"], "deny": ["count"]}})
        listed = json.loads(self.tools("list", "--json").stdout)["tools"]
        self.assertEqual([tool["name"] for tool in listed], ["bench.echo"])
        self.says(self.tools("call", "bench.count", code=2), "is not allowed here")
        self.says(self.tools("doctor"), "1 tool and 5 denied")

    def test_resources_and_prompts_are_read(self):
        self.says(self.tools("resources", "bench"), "mem://one", "mem://{name}")
        self.assertEqual(self.tools("read", "bench", "mem://one").stdout, "content of mem://one\n")
        self.says(self.tools("prompts", "bench"), "greet", "who")
        self.says(self.tools("prompt", "bench", "greet", "who=Ada"), "user: Hello Ada")
        self.says(self.tools("prompt", "bench", "greet", "Ada", code=2), "not name=value")

    def test_imports_what_other_programs_have(self):
        (self.home / ".cursor").mkdir()
        (self.home / ".cursor/mcp.json").write_text("""{ // mine
          "mcpServers": {
            "bench": {"command": "other"},
            "My Server": {"command": "npx", "args": ["-y", "a b", "${workspaceFolder}/x",],
                          "env": {"TOKEN": "${TOKEN}", "API_KEY": "sk-abcdefgh"}},
            "web": {"url": "https://example.com/mcp"},
          },
        }""")
        before = (self.home / "tools.json").read_text()
        done = self.tools("import", "cursor", "--dry-run")
        self.says(done, "npx -y 'a b' ./x", "API_KEY looks like a secret", "has one of this name",
                  "HTTP server", "dry run")
        self.assertEqual((self.home / "tools.json").read_text(), before)
        self.tools("import", "cursor")
        servers = json.loads((self.home / "tools.json").read_text())["mcpServers"]
        self.assertEqual(servers["my-server"]["env"]["TOKEN"], "${env:TOKEN}")
        self.assertEqual(servers["bench"]["command"], sys.executable)
        self.assertNotIn("web", servers)
        self.tools("import", "cursor", "--force", "--name", "bench")
        servers = json.loads((self.home / "tools.json").read_text())["mcpServers"]
        self.assertEqual(servers["bench"]["command"], "other")
        self.says(self.tools("import", "vscode", code=2), "there is no")
        self.says(self.tools("import", "emacs", code=2), "claude, cursor and vscode")
        self.says(self.tools("import", "cursor", "--name", "x", code=2), "There are")

    def test_calls_the_filesystem_server_of_npm(self):
        server = NPM / "@modelcontextprotocol/server-filesystem/dist/index.js"
        if not server.exists():
            self.skipTest("npm packages are not installed")
        (self.home / "x").write_text("hello from a file\n")
        self.configure(files={"command": "node", "args": [str(server), "."]})
        done = self.tools("call", "files.read_text_file", json.dumps({"path": str(self.home / "x")}))
        self.assertIn("hello from a file", done.stdout)
        self.says(self.tools("call", "files.read_text_file", '{"path": 5}', code=2), "at /path")


if __name__ == "__main__":
    unittest.main(verbosity=2)
