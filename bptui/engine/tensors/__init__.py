"""bptui.engine.tensors.saved"""
