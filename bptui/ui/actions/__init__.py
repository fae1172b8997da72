"""One file for each feature of the screen: typed lines, completion, inspecting, plotting, playing, pictures.

They know panes and the model, and are composed by `screen.py`. Open `commands.py` first.
"""
