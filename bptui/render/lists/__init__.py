"""bptui.render.lists"""
