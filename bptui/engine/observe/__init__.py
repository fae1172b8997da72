"""bptui.engine.observe"""
