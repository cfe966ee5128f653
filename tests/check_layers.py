#!/usr/bin/env python3
"""Holds every #include of host/, sdk/ and plugins/ to the layer table of ARCHITECTURE.md."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# layer -> what it may include besides itself
BASE = {"base"}
BELOW_ENGINE = {"runbook", "ports", "model", "schema", "base"}
TABLE = {
    "base": set(),
    "schema": {"base"},
    "model": {"schema", "base"},
    "process": {"base"},
    "ports": {"model", "base"},
    "runbook": {"ports", "model", "schema", "base"},
    "engine": BELOW_ENGINE,
    "web": BELOW_ENGINE,
    "store": BELOW_ENGINE,
    "tools": BELOW_ENGINE | {"process"},
    "workspace": BELOW_ENGINE | {"process"},
}
TABLE["app"] = set(TABLE)
TABLE["cli"] = set(TABLE)
INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^">]+)[">]', re.M)


def problems():
    for path in sorted((ROOT / "host").rglob("*.[ch]pp")):
        relative = path.relative_to(ROOT / "host")
        if len(relative.parts) < 2 or "node_modules" in relative.parts:
            continue
        layer = relative.parts[0]
        if layer not in TABLE:
            yield f"host/{relative}: '{layer}' is not a layer of the table"
            continue
        for included in INCLUDE.findall(path.read_text()):
            target = included.split("/")[0]
            if target in TABLE and target != layer and target not in TABLE[layer]:
                yield f"host/{relative}: {layer} may not include {included}"
    for folder in ("sdk", "plugins"):
        for path in sorted((ROOT / folder).rglob("*.[ch]*")):
            if path.suffix not in (".c", ".h", ".cpp", ".hpp"):
                continue
            for included in INCLUDE.findall(path.read_text()):
                if included.split("/")[0] in TABLE and "/" in included:
                    yield f"{path.relative_to(ROOT)}: the SDK knows nothing of host ({included})"


def main():
    found = list(problems())
    for line in found:
        print(line)
    print(f"{len(found)} includes against the layers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
