"""What the screen knows, without a widget: requests in flight, rows that were read, lines that were typed.

It never imports Textual, so its tests need no screen. Open `requests.py` first.
"""
