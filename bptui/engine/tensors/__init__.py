"""Reading a tensor without disturbing it: bounded facts, equal bits, fingerprints, saved copies.

It knows torch and nothing of scripts or phases. Open `facts.py` first.
"""
