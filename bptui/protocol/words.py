"""Words for counts and names, as both processes write them."""

from __future__ import annotations


def counted(count: int, what: str) -> str:
    """`1 sample`, `12 samples`, `1,000 samples`; `what` is the word for one."""
    return f"{count:,} {what if count == 1 else plural(what)}"


def plural(word: str) -> str:
    """More than one of it: `losses`, `entries`, `branches`, `steps`."""
    if word.endswith(("s", "x", "ch", "sh")):
        return f"{word}es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


def is_name(text: str) -> bool:
    """Whether it can stand in a sentence as the name of something (`loss`, `out.loss`, `losses[0]`), and is short."""
    return len(text) <= 24 and text.replace(".", "_").replace("[", "_").replace("]", "_").isidentifier()
