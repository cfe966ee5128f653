"""A plugin inside the worker, from outside."""
import hashlib
import json
import os
import pathlib
import unittest

from harness import Room

GUEST = pathlib.Path(os.environ["OPSROOM_TEST_PLUGINS"]) / "guest.so"

GREET = """
name: greet
steps:
  - id: greet
    tool: guest.greet
"""

HANG = """
name: hang
inputs: { type: object, properties: { fifo: { type: string } }, required: [fifo] }
steps:
  - id: hang
    tool: guest.hang
    with: { fifo: "${{ inputs.fifo }}" }
    timeout: 1s
"""


class InprocessTest(unittest.TestCase):
    def setUp(self):
        self.room = Room()
        self.addCleanup(self.room.close)

    def test_a_worker_whose_thread_a_plugin_keeps_ends_itself_to_be_started_again(self):
        plugin = {"library": str(GUEST), "isolation": "inprocess",
                  "sha256": hashlib.sha256(GUEST.read_bytes()).hexdigest()}
        tools = self.room.root / "tools.json"
        tools.write_text(json.dumps({"plugins": {"guest": plugin}}))
        fifo = self.room.scratch / "fifo"
        os.mkfifo(fifo)
        self.room.runbook("greet", GREET)
        self.room.runbook("hang", HANG)
        worker = self.room.worker("worker-1", OPSROOM_TOOLS=tools)
        self.room.wait_for_status(self.room.enqueue("greet"), "succeeded")
        server = self.room.psql("select server from ops.audit_log where kind = 'call'")
        self.assertEqual(server, "guest 1.0.0 (in process)")
        run = self.room.enqueue("hang", inputs=[f"fifo={fifo}"])
        self.room.wait_for_status(run, "failed")
        self.assertEqual(worker.popen.wait(60), 75)
        # The one that is started instead works.
        self.room.worker("worker-1", OPSROOM_TOOLS=tools)
        self.room.wait_for_status(self.room.enqueue("greet"), "succeeded")


if __name__ == "__main__":
    unittest.main(verbosity=2)
