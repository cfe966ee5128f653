#!/usr/bin/env python3
"""Runs the official MCP conformance suite, server leg, against a server written with the SDK, and holds
docs/conformance.md to the outcome.

    run_server_conformance.py --server build/dev/tests/plugins/conformance_fixture-mcp [--update] [--all] [--only NAME]

Fails when a scenario fails, when an entry of `LEFT_OUT` is stale, or when the document says something else.
`--update` rewrites our part of the document; `--all` also runs what is left out.
"""
import argparse
import concurrent.futures
import contextlib
import fnmatch
import pathlib
import subprocess
import sys
import tempfile
import time

from suite import (LeftOut, Outcome, Packages, REVISIONS, SKIPPED, checks_in, is_documented, judged, left_out, report,
                   run_bounded, tables, unneeded)

AT_ONCE = 2
BRIDGE = pathlib.Path(__file__).with_name("stdio_to_http.mjs")

LEFT_OUT = [
    LeftOut("dns-rebinding-protection", "Host and Origin are headers of HTTP: a server on stdio has no port."),
    LeftOut("http-header-validation", "The headers are HTTP's; here the bridge would have to look at them."),
    LeftOut("http-custom-header-server-validation",
            "The headers are HTTP's; here the bridge would have to look at them."),
    LeftOut("tasks-request-headers", "Looks at headers of HTTP, which the bridge compares.", judged=False),
    LeftOut("server-session-lifecycle", "Sessions are HTTP's; here the bridge makes and ends them.", judged=False),
    LeftOut("server-sse-*", "Event streams are HTTP's; here the bridge makes them.", judged=False),
    LeftOut("tasks-status-notifications", "The suite itself skips its only check.", tried=False),
    LeftOut("sep-2640-skills-*",
            "An extension (skills) for servers that hand instructions to a language model; the SDK does not declare it.",
            tried=False),
]


@contextlib.contextmanager
def bridge(packages, server):
    """The URL of a bridge of its own; it ends with its stdin, and its servers with it."""
    process = subprocess.Popen([str(packages.node), str(BRIDGE), str(server)], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        yield process.stdout.readline().strip()
    finally:
        process.stdin.close()
        try:
            process.wait(timeout=30)
        finally:
            process.kill()
            process.stdout.close()


class Leg:
    """Our server behind a bridge, the suite as its client."""

    def __init__(self, packages, server, only, everything):
        self.packages = packages
        self.server = server
        self.scenarios = [scenario for scenario in packages.scenarios("server")]
        self.chosen = {scenario for scenario in self.scenarios
                       if is_tried(scenario, everything) and fnmatch.fnmatchcase(scenario.name, only or "*")}

    def jobs(self):
        """One run for each revision, since the suite takes longer to start than to test; extensions one by one."""
        together = {}
        for scenario in self.scenarios:
            if scenario in self.chosen:
                alone = scenario.name if scenario.revision not in REVISIONS else None
                together.setdefault((scenario.package, scenario.revision, alone), []).append(scenario)
        # The longest first: they wait for tasks to go on.
        return sorted(together.items(), key=lambda job: (job[0][2] is None, job[0][2] != "tasks-lifecycle"))

    def run(self, job):
        (package, revision, alone), scenarios = job
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="opsroom-conformance-") as results, \
                bridge(self.packages, self.server) as url:
            which = ["--scenario", alone] if alone else ["--suite", "all"]
            if revision in REVISIONS and package == "conformance-next":
                which += ["--spec-version", revision]
            command = self.packages.command(package, "server", "--url", url, "-o", results, *which)
            _, output = run_bounded(command, self.packages.environment())
            seconds = (time.monotonic() - started) / len(scenarios)
            return [outcome_of(scenario, results, output, seconds) for scenario in scenarios]


def is_tried(scenario, everything):
    entry = left_out(LEFT_OUT, scenario)
    return entry is None or entry.tried or everything


def outcome_of(scenario, results, output, seconds):
    checks = [check for directory in pathlib.Path(results).glob(f"server-{scenario.name}-2*")
              for check in checks_in(directory)]
    passed, summary = judged(checks)
    wrong = [f"{check['status']} {check['id']}: {check.get('errorMessage', '')}" for check in checks
             if check["status"] in ("FAILURE", "WARNING")]
    return Outcome(scenario, passed, summary or "no checks", "\n".join(wrong) or output[-2000:], seconds)


def document(scenarios):
    lines = [
        "# Conformance of servers written with the SDK",
        "",
        "Written by `tests/conformance/run_server_conformance.py --update`; the test `conformance_mcp_server` fails",
        "when this is not what happens.",
        "",
        "Here the official suite is an HTTP client, and what it tests is a server of the SDK on stdio, whose tools are",
        "in `tests/conformance/server/`: a bridge (`tests/conformance/stdio_to_http.mjs`) stands between them. What the",
        "bridge makes is not claimed: the checks of server-stateless that look at HTTP's status codes and headers are",
        "its, not the server's; the codes and texts of the errors are the server's. Every message the server sent was",
        "valid by the schema of its revision (`wire-schema-valid`).",
        "",
    ]
    return "\n".join(lines + tables(LEFT_OUT, scenarios)) + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", type=pathlib.Path, required=True, help="the program conformance_fixture-mcp")
    parser.add_argument("--update", action="store_true", help="rewrite our part of docs/conformance.md")
    parser.add_argument("--all", action="store_true", help="also run what is left out")
    parser.add_argument("--only", metavar="NAME", help="scenarios of this name (a glob); the document is not looked at")
    return parser.parse_args()


def main():
    options = arguments()
    packages = Packages()
    if reason := packages.missing():
        print(f"SKIPPED, nothing was tested: {reason}")
        return SKIPPED
    leg = Leg(packages, options.server.resolve(), options.only, options.all)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        words = [report(LEFT_OUT, outcome) for outcomes in pool.map(leg.run, leg.jobs()) for outcome in outcomes]
    passed, failed = words.count("passed"), len(words) - words.count("passed") - words.count("left out")
    left = sum(left_out(LEFT_OUT, scenario) is not None for scenario in leg.scenarios)
    print(f"{passed} passed, {failed} failed, {left} left out")
    if options.only:
        return int(failed > 0)
    problems = unneeded(LEFT_OUT, leg.scenarios)
    problems += [f"required, but not known here: {name}"
                 for name in packages.unmet_requirements("server", leg.scenarios)]
    for problem in problems:
        print(problem)
    documented = failed == 0 and is_documented(document(leg.scenarios), options.update)
    return int(bool(problems) or not documented)


if __name__ == "__main__":
    sys.exit(main())
