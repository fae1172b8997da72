"""The debuggee's side: it cuts a script into phase blocks, runs them, and reads what they did to the tensors.

It knows torch, the standard library and the protocol; who asks, and what is drawn of the answers, it does not know.
`boot.py` starts it in the child process, `server.py` hears requests, `controller.py` answers them: open that first.
"""
