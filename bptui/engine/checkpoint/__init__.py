"""The object graph that the script can see: remembered, compared, and put back in place.

It knows objects and tensors, not phases; `run` decides when to remember. Open `heap.py` first.
"""
