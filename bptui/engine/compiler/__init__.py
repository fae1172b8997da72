"""From source to phase blocks to instructions, by reading the syntax tree alone.

It knows no torch and runs nothing of the script. Open `cut.py` first, then `lower.py`.
"""
