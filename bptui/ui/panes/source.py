"""The script's own lines, and where it stands."""

from __future__ import annotations

from rich.text import Text
from textual import events

from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.protocol.tape import Op
from bptui.render.stop.source import gutter, highlight, marked, phases_of, scrolled, source_line, uncoloured
from bptui.ui.base.messages import LineChosen
from bptui.ui.panes.lines import Lines

MARGIN = 2
"""So many lines before and after the one where the program stands are kept in sight."""

MARKS = 3
"""Cells of the gutter beside the line's number."""


class SourcePane(Lines):
    """Scrolls to the line where the program stands, whenever that one leaves its sight."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._source: str | None = None
        self._code: list[Text] = []
        self._phases: dict[int, tuple[Phase, bool]] = {}
        self._at: int | None = None
        self._failed = False
        self._op: Op | None = None
        self._signs: dict[int, str] = {}
        """Of the lines that have a breakpoint."""

    def show_source(self, source: str) -> None:
        """A script that is not yet cut."""
        if source != self._source:
            self._source, self._code = source, uncoloured(source)
            self.call_after_refresh(self._colour, source)
        self._stand(None, False)
        width = max((code.cell_len for code in self._code), default=0) + self._digits + 5
        self.set_lines(len(self._code), width, follow=False)

    def _colour(self, source: str) -> None:
        if source == self._source:
            self._code = highlight(source)
            self.set_lines(self._count, self.virtual_size.width, follow=False)

    def show_program(self, program: ProgramInfo) -> None:
        """A script cut into phases."""
        self._phases = phases_of(program.blocks)
        self.show_source(program.source)

    def show(self, snapshot: Snapshot) -> None:
        """Mark where the program stands, and inside a phase which expression ran last."""
        self._op = snapshot.op
        self._stand(snapshot.line, snapshot.failure is not None)

    def show_breakpoints(self, signs: dict[int, str]) -> None:
        """Mark the lines that have a breakpoint."""
        changed = {line for line in {*signs, *self._signs} if signs.get(line) != self._signs.get(line)}
        self._signs = signs
        for line in changed:
            self.refresh_row(line - 1)

    def on_click(self, event: events.Click) -> None:
        """A click on a line's number sets a breakpoint there, or removes it."""
        at = event.get_content_offset(self)
        if at is not None and at.x < self._digits + MARKS:
            line = at.y + self.scroll_offset.y + 1
            if line <= self._count:
                self.post_message(LineChosen(line))

    @property
    def _digits(self) -> int:
        return max(len(str(len(self._code))), 2)

    def _stand(self, at: int | None, failed: bool) -> None:
        was, self._at, self._failed = self._at, at, failed
        for line in {was, at} - {None}:
            self.refresh_row((line or 0) - 1)
        self._bring_into_sight()

    def _bring_into_sight(self) -> None:
        height = self.size.height
        if self._at is None or not height:
            return
        top, row = self.scroll_offset.y, self._at - 1
        margin = min(MARGIN, (height - 1) // 2)
        if not top + margin <= row < top + height - margin:
            self.scroll_to(x=0, y=row - height * 2 // 3, animate=False)

    def on_resize(self, _event: events.Resize) -> None:
        self._bring_into_sight()

    def line(self, index: int, width: int) -> Text:
        """A line of the script."""
        number = index + 1
        here = number == self._at
        sign = self._signs.get(number, "")
        before = gutter(number, self._digits, self._phases.get(number), here, here and self._failed, sign)
        code = marked(self._code[index], self._op) if here else self._code[index]
        code = scrolled(code, self.scroll_offset.x)
        return source_line(before, code, width, here, here and self._failed)
