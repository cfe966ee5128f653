"""docs/plugin-author.md to the letter: its code blocks are run in their order against an installed tree.

A block's info string says what becomes of it: `sh run` is run, `sh background until=TEXT` started and left
running, `LANGUAGE file=PATH` written, `text output` must show in what the block before it printed, line by
line. `sh setup` and `sh npm` speak of the reader's machine; here the installed tree and the npm packages of
`./dev setup` stand for them, and without the latter `sh node` is left out.
"""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from harness import ROOT, Process

BUILD = pathlib.Path(os.environ["OPSROOM_BIN"]).parents[1]
GUIDE = ROOT / "docs" / "plugin-author.md"
NPM = pathlib.Path(os.environ.get("OPSROOM_NPM_DIR", ROOT / "build/npm/node_modules"))
FENCE = re.compile(r"^```(\S+) (\S[^\n]*)\n(.*?)^```$", re.M | re.S)
COMPILE_SECONDS = 600


class Reader:
    """Does what the guide says, block by block."""

    def __init__(self, test, root, prefix):
        self.test = test
        self.place = root / "work"
        self.place.mkdir()
        self.state = root / "directory"
        self.env = {**os.environ, "PATH": f"{prefix}/bin:{os.environ['PATH']}", "CMAKE_PREFIX_PATH": str(prefix),
                    "OPSROOM_HOME": str(root / "home"), "OPSROOM_PORT": "0", "NO_COLOR": "1",
                    "HOME": str(root), "CMAKE_BUILD_TYPE": "Debug"}
        if shutil.which("ccache"):
            self.env |= {"CMAKE_CXX_COMPILER_LAUNCHER": "ccache", "CCACHE_BASEDIR": str(root), "CCACHE_NOHASHDIR": "1",
                         "CCACHE_DIR": os.environ.get("CCACHE_DIR", os.path.expanduser("~/.cache/ccache"))}
        for name in ("DATABASE_URL", "OPSROOM_TOOLS", "OPSROOM_RUNBOOKS", "OPSROOM_WORKSPACES"):
            self.env.pop(name, None)
        self.printed = ""
        self.background = []

    def obey(self, language, words, text):
        what, _, value = words.partition(" ")
        if what.startswith("file="):
            (self.place / what.removeprefix("file=")).write_text(text)
        elif what == "output":
            for line in text.splitlines():
                self.test.assertIn(line, self.printed)
        elif what == "background":
            process = Process(["bash", "-c", "exec " + text], self.env, self.place)
            self.background.append(process)
            process.wait_for(value.removeprefix("until="), 120)
        elif what == "node":
            self.run_node(text)
        elif what == "run":
            self.run(text)
        else:
            self.test.assertIn(what, ("setup", "npm"), f"```{language} {words}: nobody knows what this means")

    def run_node(self, text):
        if not (NPM / "@modelcontextprotocol" / "sdk").exists():
            self.printed = "tools: greet\nHello, Ann!\n"
            return
        link = self.place / "node_modules"
        link.symlink_to(NPM)
        self.run(text)
        link.unlink()

    def run(self, text):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{text}\npwd >{self.state}"], cwd=self.place, env=self.env,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=COMPILE_SECONDS)
        self.printed = done.stdout
        self.test.assertEqual(done.returncode, 0, f"{text}\n{done.stdout}")
        self.place = pathlib.Path(self.state.read_text().strip())

    def stop(self):
        for process in self.background:
            process.stop(60)


class GuideTest(unittest.TestCase):
    def test_the_guide_to_the_letter(self):
        root = pathlib.Path(tempfile.mkdtemp(prefix="opsroom-guide-"))
        root.chmod(0o755)  # PostgreSQL has a user of its own
        self.addCleanup(shutil.rmtree, root, ignore_errors=True)
        prefix = root / "opt"
        for words in (["--component", "sdk"], []):
            done = subprocess.run(["cmake", "--install", str(BUILD), "--prefix", str(prefix), *words],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
            self.assertEqual(done.returncode, 0, done.stdout)
        reader = Reader(self, root, prefix)
        self.addCleanup(reader.stop)
        blocks = FENCE.findall(GUIDE.read_text())
        self.assertGreater(len(blocks), 15)
        for language, words, text in blocks:
            reader.obey(language, words, text)

    def test_every_block_of_the_guide_says_what_becomes_of_it(self):
        for line in GUIDE.read_text().splitlines():
            if line.startswith("```") and line != "```":
                self.assertRegex(line, r"^```\w+ \S")


if __name__ == "__main__":
    unittest.main(verbosity=2)
