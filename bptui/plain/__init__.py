"""Plain mode: commands as words on standard input, a line or a JSON object for each stop.

It knows sessions and drawing, never Textual. Open `mode.py` first.
"""
