"""What the debugger and the debuggee say to each other: requests, replies, and the immutable facts of a stop.

Standard library only, so that either process may import it. Open `requests.py`, `replies.py` and `snapshot.py` first.
"""
