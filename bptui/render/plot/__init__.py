"""Curves as text: the loss over a parameter, and numbers over the steps.

It knows numbers and `render/text`; the braille canvas itself is a widget. Open `plot.py` first.
"""
