"""A parser of arguments whose complaints are safe to print, whatever the arguments are."""

from __future__ import annotations

import argparse
from typing import NoReturn

from bptui.render.text.gate import gated


class Parser(argparse.ArgumentParser):
    """Quotes a wrong argument through the gate."""

    def error(self, message: str) -> NoReturn:
        """Show how it is used, and end."""
        super().error(gated(message))
