"""bptui.engine.breakpoints.manager"""
