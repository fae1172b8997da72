"""bptui.ui.model"""
