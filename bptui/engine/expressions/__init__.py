"""The one language of what a person types about a run: which names it sees, which functions it has, what it means.

Conditions, watched data, logpoints, watches, edits and evaluated Python all use it. It knows the interpreter's frames
and the observer. Open `namespace.py` for names, `expression.py` for what is evaluated.
"""
