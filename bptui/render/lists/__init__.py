"""Lists and sheets as text: breakpoints, branches, watches, evaluated Python, checks, help.

It knows the protocol and `render/text`. Open `breakpoints.py` for an example.
"""
