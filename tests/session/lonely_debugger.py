"""A debugger that opens a script, asks for its backward, tells the pids its setup printed, and waits to be ended."""

import sys
import threading
from pathlib import Path

import bptui.session.process
from bptui.protocol.phase import Phase
from bptui.protocol.replies import Reply, Stopped
from bptui.protocol.requests import Do
from bptui.session.live import LiveSession

bptui.session.process.BOOT = Path(__file__).parent / "fake_debuggee.py"
opened = threading.Event()


def heard(reply: Reply) -> None:
    if isinstance(reply.payload, Stopped) and not opened.is_set():
        session.send(Do(Phase.BACKWARD))
        print(reply.payload.snapshot.printed, end="", flush=True)
        opened.set()


session = LiveSession(sys.argv[1], sys.argv[2:])
session.start(heard)
threading.Event().wait()
