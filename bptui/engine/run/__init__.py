"""Runs a program: one execution of a script, steps and full speed, the history of steps, going back, stepping in.

The only room that joins interpreter, observer, breakpoints, tape and checkpoints. Open `execution.py` first.
"""
