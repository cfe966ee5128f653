"""examples/servers: one tool in C++, Python and TypeScript, used in one runbook."""
import os
import pathlib
import shutil
import subprocess
import unittest

from harness import BINARY, ROOT, Room

NPM = pathlib.Path(os.environ.get("OPSROOM_NPM_DIR", ROOT / "build/npm/node_modules"))
WORDS = pathlib.Path(os.environ["OPSROOM_TEST_PLUGINS"]) / "words.so"
# Sanitized builds keep what was freed for a while, which is no leak of the plugin's.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
               ":quarantine_size_mb=1:thread_local_quarantine_size_kb=0"}
COUNTED = """\
C++ 5 tongues
Python 5 tongues
TypeScript 5 tongues
"""


@unittest.skipUnless((NPM / "@modelcontextprotocol" / "sdk").exists(), "npm packages are missing: ./dev setup")
class ThreeTonguesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = Room()
        cls.addClassCleanup(cls.room.close)
        cls.place = cls.room.scratch / "servers"
        shutil.copytree(ROOT / "examples" / "servers", cls.place, ignore=shutil.ignore_patterns("build", "node_modules"))
        (cls.place / "node_modules").symlink_to(NPM)
        library = cls.place / "build/lib/opsroom/plugins/words.so"
        library.parent.mkdir(parents=True)
        shutil.copy(WORDS, library)
        cls.room.env["OPSROOM_TOOLS"] = str(cls.place / "tools.json")
        cls.room.env["OPSROOM_RUNBOOKS"] = str(cls.place / "runbooks")

    def test_the_three_agree_in_one_runbook(self):
        worker = self.room.worker("tongues")
        run = self.room.enqueue("three-tongues")
        self.room.wait_for_status(run, "succeeded", seconds=120)
        diff = self.room.opsroom("diff", run).stdout
        for line in COUNTED.splitlines():
            self.assertIn("+" + line, diff)
        worker.stop()

    def test_nothing_is_wrong_with_any_of_them(self):
        for target in (["build/lib/opsroom/plugins/words.so"], ["--", "python3", "words.py"],
                       ["--", "node", "words.mjs"]):
            done = subprocess.run([str(BINARY), "plugin", "check", *target], cwd=self.place, timeout=200,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  env=ENVIRONMENT)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn("count called 1000 times", done.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
