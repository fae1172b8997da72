"""One readable line for a snapshot."""

from __future__ import annotations

from rich.text import Text

from bptui.protocol.phase import StopReason
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.protocol.words import counted
from bptui.render.text.facts import fact

SHOWN = 3
"""At most so many parameters are written out."""


def line(snapshot: Snapshot, program: ProgramInfo | None = None) -> Text:
    """`#2 backward  epoch 0 sample 0  loss 1.0000  w 1.0000  w.grad -2.0000  | backward: …`."""
    what = str(snapshot.phase) if snapshot.phase else str(snapshot.stop_reason)
    parts = [f"#{snapshot.index} {what}"]
    place = [f"{word} {at}" for word, at in (("epoch", snapshot.epoch), ("sample", snapshot.sample)) if at is not None]
    parts += [" ".join(place)] if place else []
    if snapshot.op is not None:  # its own words say what is new
        parts.append(f"line {snapshot.line}")
        return _with_words(parts, snapshot)
    if snapshot.loss is not None:
        parts.append(f"{snapshot.loss_name or 'loss'} {fact(snapshot.loss)}")
    for param in snapshot.params[:SHOWN]:
        parts += [f"{param.name} {fact(param.value)}", f"{param.name}.grad {fact(param.grad)}"]
    if len(snapshot.params) > SHOWN:
        more = len(snapshot.params) - SHOWN
        parts.append(f"and {counted(more, 'more parameter')}")
    return _with_words(parts, snapshot)


def _with_words(parts: list[str], snapshot: Snapshot) -> Text:
    text = Text("  ".join(parts))
    text.append(f"  | {snapshot.explain}", style="bold" if snapshot.stop_reason is StopReason.EXCEPTION else "dim")
    return text
