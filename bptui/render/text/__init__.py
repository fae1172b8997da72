"""The small pieces that all drawing shares: numbers in few digits, text that fits, facts in short, styles, signs.

It knows the protocol's facts only. Open `facts.py` first.
"""
