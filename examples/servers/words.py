#!/usr/bin/env python3
"""Counts words: the same tool as words.cpp and words.mjs, as an MCP server with the standard library alone.

Speaks 2026-07-28, where every request stands for itself, and the versions since 2024-11-05, which begin with
`initialize`. One call at a time; what takes long should look for notifications/cancelled in between.
"""
import json
import sys

MODERN = "2026-07-28"
LEGACY = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
INFO = {"name": "words-py", "version": "1.0.0"}
CAPABILITIES = {"tools": {}}

TOOL = {
    "name": "count",
    "description": "Counts the words of a text.",
    "inputSchema": {
        "type": "object",
        "additionalProperties": False,
        "required": ["text"],
        "properties": {
            "text": {"type": "string", "description": "The text"},
            "at_least": {"type": "integer", "minimum": 1, "default": 1, "description": "Letters a word must have"},
        },
    },
    "outputSchema": {
        "type": "object",
        "required": ["words", "longest"],
        "properties": {"words": {"type": "integer"}, "longest": {"type": "string"}},
    },
    "annotations": {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
}


class RpcError(Exception):
    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.error = {"code": code, "message": message, **({"data": data} if data else {})}


def problem_with(arguments):
    """What does not fit the inputSchema, in words."""
    for name in arguments:
        if name not in ("text", "at_least"):
            return f"/{name}: is not known here; allowed: text, at_least"
    if not isinstance(arguments.get("text"), str):
        return "/text: expected a string"
    least = arguments.get("at_least", 1)
    if isinstance(least, bool) or not isinstance(least, int) or least < 1:
        return "/at_least: expected an integer from 1"
    return None


def count(arguments):
    problem = problem_with(arguments)
    if problem:
        text = f"wrong arguments for count: {problem}"
        return {"content": [{"type": "text", "text": text}], "isError": True}
    words = [word for word in arguments["text"].split() if len(word) >= arguments.get("at_least", 1)]
    data = {"words": len(words), "longest": max(words, key=len, default="")}
    return {"content": [{"type": "text", "text": json.dumps(data)}], "structuredContent": data}


def answer(method, params, modern):
    if method == "initialize" and not modern:
        asked = params.get("protocolVersion")
        return {"protocolVersion": asked if asked in LEGACY else LEGACY[0], "capabilities": CAPABILITIES,
                "serverInfo": INFO}
    if method == "server/discover":
        return {"supportedVersions": [MODERN, *LEGACY], "capabilities": CAPABILITIES, "ttlMs": 60000,
                "cacheScope": "public"}
    if method == "ping" and not modern:
        return {}
    if method == "tools/list":
        return {"tools": [TOOL], **({"ttlMs": 60000, "cacheScope": "public"} if modern else {})}
    if method == "tools/call":
        if params.get("name") != TOOL["name"]:
            raise RpcError(-32602, f"Unknown tool: {params.get('name')}")
        return count(params.get("arguments", {}))
    raise RpcError(-32601, f"unknown method {method}")


def respond(message):
    params = message.get("params", {})
    meta = params.get("_meta", {})
    modern = VERSION_KEY in meta or message["method"] == "server/discover"
    if modern and meta.get(VERSION_KEY) != MODERN:
        raise RpcError(-32022, "Unsupported protocol version",
                       {"supported": [MODERN], "requested": meta.get(VERSION_KEY)})
    result = answer(message["method"], params, modern)
    if modern:
        result = {"resultType": "complete", **result, "_meta": {"io.modelcontextprotocol/serverInfo": INFO}}
    return {"result": result}


def main():
    for line in sys.stdin:
        try:
            message = json.loads(line)
        except json.JSONDecodeError as error:
            print(f"words.py: a line that is no JSON: {error}", file=sys.stderr)
            continue
        if "id" not in message or "method" not in message:
            continue  # a notification, or an answer to something never asked
        try:
            reply = respond(message)
        except RpcError as wrong:
            reply = {"error": wrong.error}
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], **reply}), flush=True)


if __name__ == "__main__":
    main()
