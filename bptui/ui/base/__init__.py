"""What everything on the screen shares: keys, messages, settings, themes.

It knows the table of commands and Textual.
"""
