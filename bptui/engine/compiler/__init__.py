"""bptui.engine.compiler"""
