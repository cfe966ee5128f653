#!/usr/bin/env python3
"""Runs the official MCP conformance suite, client leg, against our host, and holds docs/conformance.md to the outcome.

    run_conformance.py --client build/dev/tests/conformance_client [--update] [--all] [--only NAME]

Fails when a scenario fails, when an entry of `LEFT_OUT` is stale, or when the document says something else.
`--update` rewrites the document; `--all` also runs what is left out.
"""
import argparse
import concurrent.futures
import fnmatch
import pathlib
import sys
import tempfile
import time

from suite import (LeftOut, Outcome, Packages, REVISIONS, SKIPPED, checks_in, is_documented, judged, left_out, report,
                   run_bounded, tables, unneeded)

AT_ONCE = 2
SUITE_BOUND = 90  # seconds for the client, as the suite measures it

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


class Leg:
    """The suite as a server, our client against it."""

    def __init__(self, packages, client):
        self.packages = packages
        self.client = client

    def run(self, scenario):
        started = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="opsroom-conformance-") as results:
            code, output = run_bounded(self.command(scenario, results), self.packages.environment(self.client.parent))
            passed, summary = judged(checks_in(results))
        seconds = time.monotonic() - started
        return Outcome(scenario, passed and code == 0, summary or f"no checks (exit {code})", output, seconds)

    def command(self, scenario, results):
        command = self.packages.command(scenario.package, "client", "--command", self.client.name, "--scenario",
                                        scenario.name, "--timeout", str(SUITE_BOUND * 1000), "-o", results)
        # The stable line knows no --spec-version for a single scenario: it is 2025-11-25 throughout.
        if scenario.package == "conformance-next" and scenario.revision in REVISIONS:
            command += ["--spec-version", scenario.revision]
        return command


def is_tried(scenario, everything):
    entry = left_out(LEFT_OUT, scenario)
    return entry is None or entry.tried or everything


def document(scenarios):
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
    ]
    return "\n".join(lines + tables(LEFT_OUT, scenarios)) + "\n"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--client", type=pathlib.Path, required=True, help="the program conformance_client")
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
    leg = Leg(packages, options.client.resolve())
    scenarios = list(packages.scenarios("client"))
    chosen = [scenario for scenario in scenarios if is_tried(scenario, options.all)
              and fnmatch.fnmatchcase(scenario.name, options.only or "*")]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        words = [report(LEFT_OUT, outcome) for outcome in pool.map(leg.run, chosen)]
    passed, failed = words.count("passed"), len(words) - words.count("passed") - words.count("left out")
    left = sum(left_out(LEFT_OUT, scenario) is not None for scenario in scenarios)
    print(f"{passed} passed, {failed} failed, {left} left out")
    if options.only:
        return int(failed > 0)
    problems = unneeded(LEFT_OUT, scenarios)
    problems += [f"required, but not known here: {name}" for name in packages.unmet_requirements("client", scenarios)]
    for problem in problems:
        print(problem)
    documented = failed == 0 and is_documented(document(scenarios), options.update)
    return int(bool(problems) or not documented)


if __name__ == "__main__":
    sys.exit(main())
