"""Short, plain PyTorch scripts to step through.

`python linear.py` prints what bptui shows. They know nothing of bptui.
"""
