"""The command line: arguments become a session, and the session goes to the screen or to plain mode.

It may use every room but the engine, and loads Textual only where the screen is opened. Open `main.py` first.
"""
