"""The screen, a Textual app: keys become requests, replies become what the panes show.

It knows sessions and drawing, never the engine. Open `screen.py` first.
"""
