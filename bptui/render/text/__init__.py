"""bptui.render.text"""
