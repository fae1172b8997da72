"""bptui.engine.repl"""
