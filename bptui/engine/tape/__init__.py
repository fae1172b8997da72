"""bptui.engine.tape"""
