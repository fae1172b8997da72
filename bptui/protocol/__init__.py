"""What the debugger and the debuggee say to each other. Standard library only."""
