"""The manual: a Markdown page for each topic, read by `bptui help TOPIC`, from `?` on the screen, and on the web.

It knows nothing of bptui. A new page is a file here whose first line is its title, and a line in `TOPICS`.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent

TOPICS = (
    "keys",
    "steps",
    "time",
    "breakpoints",
    "phase",
    "plots",
    "trace",
    "plain",
    "python",
    "scripts",
    "inside",
)
"""Every page, in the order in which a person would read them."""


def page(topic: str) -> str:
    """The Markdown of a topic.

    Raises:
        KeyError: there is no such topic.
    """
    if topic not in TOPICS:
        raise KeyError(topic)
    return (FOLDER / f"{topic}.md").read_text(encoding="utf-8")


def title(topic: str) -> str:
    """What the page is about, as its heading says."""
    return page(topic).partition("\n")[0].removeprefix("# ")
