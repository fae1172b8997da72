"""Runs the compiler's instructions in the script's own namespaces, one phase block at a time.

It knows the script's frames, loops and output, but not what a tensor or a breakpoint is. Open `machine.py` first.
"""
