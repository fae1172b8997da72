"""`bptui help [TOPIC]`: the manual in the terminal, or as Markdown where the output goes elsewhere."""

from __future__ import annotations

import os
import sys

from bptui.manual import TOPICS, page, title
from bptui.render.text.gate import complain


def run(arguments: list[str]) -> int:
    """Show a page, or which pages there are. Returns the exit status."""
    if not arguments:
        for topic in TOPICS:
            print(f"{topic:<12} {title(topic)}")
        print("\nbptui help TOPIC shows a page; bptui --help lists the options; ? on the screen shows keys and manual.")
        return 0
    if len(arguments) > 1 or arguments[0] not in TOPICS:
        complain(f"there is no topic {' '.join(arguments)} in the manual: {', '.join(TOPICS)}.")
        return 2
    _show(page(arguments[0]))
    return 0


def _show(markdown: str) -> None:
    if not sys.stdout.isatty():
        print(markdown, end="")
        return
    from rich.console import Console
    from rich.markdown import Markdown

    os.environ.setdefault("LESS", "-FRX")  # colours, and no paging of what fits the terminal
    console = Console()
    with console.pager(styles=True):
        console.print(Markdown(markdown), width=min(console.width, 100))
