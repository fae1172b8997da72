"""What a person has set for a script, from one start to the next: breakpoints and watches, without screen or terminal.

Screen and plain mode share it, and each change is told to the debuggee. Open `breakpoints.py` first.
"""
