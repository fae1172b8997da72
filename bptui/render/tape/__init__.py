"""bptui.render.tape.tape"""
