"""What is computed by running the last forward again on copies: the loss curve, the gradient check, recalled values.

It never changes the program itself, and knows the observer and the interpreter. Open `rerun.py` first.
"""
