"""Looks at a running script and tells what is there: parameters, gradients, values, the ledger, the words of a stop.

It reads and never changes the program. Open `snapshots.py` for what a stop is made of.
"""
