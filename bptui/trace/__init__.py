"""The timeline in one SQLite file: everything that a session says, in a temporary file or in a trace that is kept.

Standard library and protocol only, so a recorded run opens without torch. Open `timeline.py` first; `schema.py` is
the format.
"""
