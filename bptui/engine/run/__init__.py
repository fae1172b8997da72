"""bptui.engine.run"""
