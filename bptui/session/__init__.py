"""bptui.session.live"""
