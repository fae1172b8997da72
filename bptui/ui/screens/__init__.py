"""The screens that lie over the main one: help, the manual, an inspector, sheets of text, the list of breakpoints.

They know panes and what they are given. Open `sheet.py` for an example.
"""
