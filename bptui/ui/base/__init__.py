"""bptui.ui.base"""
