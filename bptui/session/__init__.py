"""The debugger's end of the link: the debuggee's process from start to death, and a session over it.

It knows the protocol and keeps the timeline in `trace`; it never imports the engine. Open `live.py` first.
"""
