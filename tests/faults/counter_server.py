#!/usr/bin/env python3
"""An MCP server whose tool has an effect outside that can be counted: counter_server.py DIRECTORY.

`add` appends its key to DIRECTORY/effects, at a random moment of the call. Everything the server
starts is written to DIRECTORY/pids, a daemon in a session of its own included.
"""
import json
import os
import random
import subprocess
import sys
import time

DIRECTORY = sys.argv[1]


def append(name, line):
    # One write on a descriptor in append mode: whole or not at all, whenever the process is killed.
    out = os.open(os.path.join(DIRECTORY, name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(out, (line + "\n").encode())
    os.close(out)


def send(ident, result):
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": ident, "result": result}) + "\n")
    sys.stdout.flush()


def add(key):
    time.sleep(random.uniform(0, 0.03))
    append("effects", key)
    time.sleep(random.uniform(0, 0.03))
    return {"content": [{"type": "text", "text": key}]}


def main():
    daemon = subprocess.Popen(["sleep", "1000"], start_new_session=True, stdout=sys.stderr)
    append("pids", f"{os.getpid()} server")
    append("pids", f"{daemon.pid} daemon")
    schema = {"type": "object", "properties": {"key": {"type": "string"}}, "required": ["key"]}
    for line in sys.stdin:
        message = json.loads(line)
        method, ident = message.get("method"), message.get("id")
        if ident is None:
            continue
        if method == "initialize":
            send(ident, {"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                         "serverInfo": {"name": "counter", "version": "1"}})
        elif method == "tools/list":
            send(ident, {"tools": [{"name": "add", "inputSchema": schema}]})
        elif method == "tools/call":
            send(ident, add(message["params"]["arguments"]["key"]))
        elif method == "ping":
            send(ident, {})
        else:
            error = {"code": -32601, "message": f"unknown: {method}"}
            sys.stdout.write(json.dumps({"jsonrpc": "2.0", "id": ident, "error": error}) + "\n")
            sys.stdout.flush()


main()
