"""Where a run stops: places, conditions, watched data, ready-made checks, and log points that only write a line.

It looks at what the observer read and at the interpreter's position; it never runs a block. Open `manager.py` first;
a new kind of breakpoint is a trigger in `triggers.py`, a new check a class in `checks`.
"""
