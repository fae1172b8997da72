"""bptui.ui.screens"""
