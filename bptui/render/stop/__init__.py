"""A stop as text: cards, title, phase bar, source, timeline, console, footer.

It knows the protocol's snapshot and `render/text`. Open `cards.py` first.
"""
