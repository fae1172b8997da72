"""bptui.render.plot.plot"""
