"""The debuggee's side: cuts a script into phase blocks and runs them. torch and the standard library only."""
