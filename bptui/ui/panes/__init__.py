"""The widgets of the main screen; each draws itself with `render` from the one snapshot that it is given.

Panes do not ask one another. Open `view.py`, which lays them out; a new pane is a widget here and a line there.
"""
