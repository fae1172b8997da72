"""Names of parameters: as PyTorch gives them, and as Python has them."""

from __future__ import annotations

import re

_NUMBERED = re.compile(r"(?<![\w.\])])([A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\[\d+\])*)\.(\d+)(?!\w)")
"""A parameter's name as the screen has it, which is no Python: `model.0.weight`."""


def as_python(text: str) -> str:
    """The text with the names of parameters as Python has them: `model.0.weight` -> `model[0].weight`."""
    while (changed := _NUMBERED.sub(r"\1[\2]", text)) != text:
        text = changed
    return text
