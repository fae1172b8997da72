"""A pane alone on the screen, and what to show in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.widget import Widget

import bptui.ui
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import CurveDrawn
from bptui.protocol.rows import Row
from bptui.protocol.snapshot import BlockInfo, Failure, ProgramInfo, Snapshot
from bptui.ui.base.themes import DARK
from bptui.ui.panes.lines import Lines
from tests.ui.fakes.stops import ENTRY


class Alone(App[None]):
    """An app of one pane, under the screen's own stylesheet."""

    CSS_PATH = Path(bptui.ui.__file__).with_name("bptui.tcss")
    CSS = "#source, #timeline, #console, #curve { width: 100%; height: 100%; }"
    ENABLE_COMMAND_PALETTE: ClassVar[bool] = False

    def __init__(self, pane: Widget) -> None:
        super().__init__()
        self.pane = pane
        self.register_theme(DARK)
        self.theme = DARK.name
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        yield self.pane


def text_of(pane: Lines) -> list[str]:
    """What is in sight."""
    return [pane.render_line(y).text.rstrip() for y in range(pane.size.height)]


def seen(pane: Widget) -> str:
    """What is on the screen where the pane is, with all that covers it."""
    assert isinstance(pane.app, Alone)
    x, y, width, height = pane.content_region
    lines = pane.screen._compositor.render_strips()[y : y + height]
    return "\n".join(line.crop(x, x + width).text for line in lines)


def rows(count: int) -> list[Row]:
    return [
        Row(at, tuple(Phase)[at % 4], StopReason.STEP, at // 12, at // 4 % 3, 1.0, (("w", at / 8, 0.5),))
        for at in range(count)
    ]


SCRIPT = "\n".join(f"line_{number} = {number}  # {'long ' * 30}" for number in range(1, 201))
LONG = ProgramInfo(
    "long.py", SCRIPT, (), (BlockInfo(Phase.FORWARD, 100, (100, 101)), BlockInfo(Phase.UPDATE, 150, (150,)))
)


def at_line(line: int, failure: Failure | None = None) -> Snapshot:
    assert ENTRY.next is not None
    return replace(ENTRY, next=replace(ENTRY.next, line=line), failure=failure)


def curve_over(low: float, high: float, loss: Callable[[float], float], at: float = 1.0) -> CurveDrawn:
    xs = tuple(low + (high - low) * step / 20 for step in range(21))
    return CurveDrawn("w", xs, tuple(map(loss, xs)), at, loss(at), -1.0, "")


def parabola(w: float) -> float:
    return (2 * w - 4) ** 2
