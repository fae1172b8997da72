"""bptui.plain.mode"""
