"""What a person types: evaluate, set, watch, complete, in the scope that is being run.

It knows the interpreter's frames and the observer, and says whether what was typed changed the program. Open
`prompt.py` first.
"""
