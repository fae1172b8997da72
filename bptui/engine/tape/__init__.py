"""The inside of a phase: ops of a forward and autograd nodes of a backward, recorded while the script's lines run.

It knows torch's function modes and autograd hooks, and hands out the protocol's `Tape`. Open `recording.py` first;
how an op's derivative is written stands in `formulas.py`.
"""
