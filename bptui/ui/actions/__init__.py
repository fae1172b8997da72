"""bptui.ui.actions"""
