"""bptui.engine.interpreter"""
