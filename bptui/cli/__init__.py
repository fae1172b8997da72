"""bptui.cli.main"""
