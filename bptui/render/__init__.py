"""Facts to Rich text, for the screen and for plain mode: pure functions of what they are given.

Neither torch nor Textual. Open `stop/cards.py` for an example.
"""
