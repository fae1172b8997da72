"""The inside of a phase as text: the tape as a table or a drawing, the chain rule, all of one op.

It knows the protocol's `Tape` and `render/text`. Open `tape.py` first.
"""
