"""bptui.render.stop"""
