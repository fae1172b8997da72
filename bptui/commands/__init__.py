"""What a person can ask for, on screen or in plain mode: the table of commands, typed lines, breakpoints in words.

It knows the protocol and nothing that draws; screen and plain mode both build on it. Open `table.py` first.
"""
