"""bptui.engine.analysis"""
