"""bptui.commands.table"""
