"""bptui.engine.checkpoint"""
