"""The tape: every op of a forward and what its backward sent back, as a drawing or as a table."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.strip import Strip

from bptui.protocol.tape import Op, Tape
from bptui.render.stop.source import scrolled
from bptui.render.tape import chain
from bptui.render.tape.drawing import draw
from bptui.render.tape.folding import SMALL, Fold, Folding
from bptui.render.tape.graph import Graph
from bptui.render.tape.paths import Chain, chain_of, leaf_of
from bptui.render.tape.reveal import revealed
from bptui.render.tape.tape import Table
from bptui.render.text.fit import cut
from bptui.ui.panes.lines import Lines, nearest

MARGIN = 2
"""So many lines and columns around the current op are kept in sight."""
LEAST = 5
"""A pane of fewer lines has none to spare for the chain rule, unless all fits."""


class TapePane(Lines):
    """Follows the current op. Small tapes are drawn, unless the person wants the table."""

    EMPTY = "nothing stepped into yet: s steps in"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "switch", "drawing/table", show=False),
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "end(False)", "first", show=False),
        Binding("end", "end(True)", "last", show=False),
        Binding("left", "fold(False)", "fold", show=False),
        Binding("right", "fold(True)", "unfold", show=False),
        Binding("enter", "fold_here", "fold/unfold", show=False),
    ]

    def __init__(self, id: str = "tape") -> None:
        super().__init__(id)
        self.border_title = "tape"
        self._tape: Tape | None = None
        self._op: Op | None = None
        self._param: str | None = None
        self._wanted: bool | None = None
        """Whether the person wants the drawing; None as long as they did not say."""
        self._folding = Folding()
        self._table: Table | None = None
        self._graph: Graph | None = None
        self._drawing: list[Text] = []
        self._chain: Chain | None = None
        self._rule: list[Text] = []
        """The chain rule, under all else."""
        self._headline: Text | None = None
        """Its one line, where it has no room there."""
        self._head_row = 0
        self._cursor = 0

    @property
    def drawn(self) -> bool:
        """Whether the drawing is shown, and not the table."""
        return self._graph is not None and self._wanted is not False

    def show(self, tape: Tape | None, op: Op | None, param: str | None) -> None:
        """The tape at a stop, and the parameter whose chain rule is wanted."""
        anew = tape is not self._tape
        if anew or param != self._param:
            self._chain = chain_of(tape, leaf_of(tape, param)) if tape and param and tape.nodes else None
        if anew:
            self._graph = Graph(tape) if tape and 0 < len(tape.ops) <= SMALL else None
        self._tape, self._op, self._param = tape, op, param
        self._table = Table(tape, op, self._folding) if tape and tape.ops else None
        if self._table is not None and self._table.here is not None and op is not None:
            self._cursor = self._table.here
        self._fill()
        if op is not None:
            self._follow()

    def _fill(self) -> None:
        """All lines anew."""
        self.border_subtitle = ""
        self._drawing, self._rule, self._headline, self.HEAD = [], [], None, 0
        table = self._table
        if table is None:
            self.set_lines(0)
            return
        if self.drawn and self._graph is not None:
            self._drawing = draw(self._graph, self._op)
        rows = len(self._drawing) or len(table.folding.rows())
        self._cursor = max(min(self._cursor, rows - 1), 0)
        self.HEAD = 0 if self.drawn else 1
        self._add_rule(rows)
        width = self._graph.width if self.drawn and self._graph else 0
        self.set_lines(rows + len(self._rule), max(width, self.room), follow=False)
        self._describe()

    def _describe(self) -> None:
        """Below the pane: how much there is, what `d` does, and whether a drawing goes on to either side."""
        if self._table is None:
            return
        parts = ["←"] if self.drawn and self.scroll_offset.x > 0 else []
        parts.append(self._table.summary())
        if self._graph is not None:
            parts.append("d table" if self.drawn else "d drawing")
        if self.drawn and self.scroll_offset.x < self.max_scroll_x:
            parts.append("→")
        self.border_subtitle = "  ".join(parts)

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """The drawing was scrolled sideways."""
        super().watch_scroll_x(old_value, new_value)
        self._describe()

    def _add_rule(self, rows: int) -> None:
        """The chain rule: all of it below, and where that is out of sight its one line at the top."""
        height = self.size.height
        if self._chain is None or not height:
            return
        reveal = revealed(self._op)
        self._rule = [Text(), *chain.lines(self._chain, self.room, reveal)]
        if self.HEAD + rows + len(self._rule) > height >= LEAST:
            self._headline = chain.headline(self._chain, self.room, reveal)
            self.HEAD += 1

    def head(self, width: int) -> Text:
        """The columns' names, and over them the chain rule where it has no room below."""
        if self._table is None:
            return Text()
        if self._headline is not None and self._head_row == 0:
            return cut(self._headline, width)
        return self._table.header(width)

    def line(self, index: int, width: int) -> Text:
        """A line of the drawing or a row of the table, or of the chain rule below."""
        if self._table is None:
            return Text()
        rows = self._rows
        if index >= rows:
            return cut(self._rule[index - rows], width)
        if self._drawing:
            return scrolled(self._drawing[index], self.scroll_offset.x)
        return self._table.line(index, width, chosen=self.has_focus and index == self._cursor)

    def render_line(self, y: int) -> Strip:
        """A line of the terminal. There may be two that do not scroll."""
        self._head_row = y
        return super().render_line(y)

    @property
    def _rows(self) -> int:
        return self._count - len(self._rule)

    def _follow(self) -> None:
        """Scroll to where the program stands, if that is out of sight."""
        table = self._table
        if self.drawn and self._graph is not None:
            place = self._graph.where(self._op)
            if place is not None:
                self._into_sight(place.row, place.height, place.column, place.width)
        elif table is not None and table.here is not None:
            self._into_sight(table.here)

    def _into_sight(self, row: int, height: int = 1, column: int = 0, width: int = 1) -> None:
        room = self.size.height - self.HEAD
        if room <= 0:
            return
        x = nearest(self.scroll_offset.x, self.room, column, width, 2 * MARGIN)
        y = nearest(self.scroll_offset.y, room, row, height, MARGIN)
        if (x, y) != self.scroll_offset:
            self.scroll_to(x=x, y=y, animate=False, immediate=True)

    def on_resize(self, event: events.Resize) -> None:
        """Other columns fit, and more or less of the chain rule."""
        super().on_resize(event)
        self._fill()
        if self._op is not None:
            self._follow()

    def on_focus(self) -> None:
        self.refresh_row(self._cursor)

    def on_blur(self) -> None:
        self.refresh_row(self._cursor)

    def on_click(self, event: events.Click) -> None:
        """The cursor goes there; a module folds or unfolds."""
        at = event.get_content_offset(self)
        row = at.y - self.HEAD + self.scroll_offset.y if at is not None and at.y >= self.HEAD else -1
        if self._table is not None and not self.drawn and 0 <= row < self._rows:
            self._move_to(row)
            fold = self._fold()
            if fold is not None:
                self._set_open(fold, not self._folding.is_open(fold))

    def action_switch(self) -> None:
        """The drawing or the table."""
        if self._graph is not None:
            self._wanted = not self.drawn
            self.scroll_to(x=0, y=0, animate=False, immediate=True)
            self._fill()
            self._follow()

    def action_move(self, by: int) -> None:
        """The cursor a row on, or the drawing by a line."""
        if self.drawn or self._table is None:
            self.scroll_relative(y=by, animate=False)
        elif by > 0 and self._cursor == self._rows - 1:
            self.scroll_relative(y=by, animate=False)  # to the chain rule below
        else:
            self._move_to(self._cursor + by)

    def action_page(self, by: int) -> None:
        """A page on."""
        page = max(self.size.height - self.HEAD - 1, 1)
        if self.drawn or self._table is None:
            self.scroll_relative(y=by * page, animate=False)
        else:
            self._move_to(self._cursor + by * page)

    def action_end(self, last: bool) -> None:
        """The first or the last row."""
        if self.drawn or self._table is None:
            self.scroll_to(y=self.max_scroll_y if last else 0, animate=False)
        else:
            self._move_to(self._rows - 1 if last else 0)

    def action_fold(self, open: bool) -> None:
        """Unfold a module, or fold it; from elsewhere to the module around. A drawing goes sideways."""
        if self.drawn or self._table is None:
            self.scroll_relative(x=8 if open else -8, animate=False)
            return
        fold = self._fold()
        if fold is not None and self._folding.is_open(fold) != open:
            self._set_open(fold, open)
        elif not open and (around := self._folding.parent(self._cursor)) is not None:
            self._move_to(around)
        elif open and fold is not None:
            self._move_to(self._cursor + 1)

    def action_fold_here(self) -> None:
        """Unfold a module or fold it; elsewhere the key means what it means outside."""
        fold = self._fold()
        if fold is None:
            raise SkipAction
        self._set_open(fold, not self._folding.is_open(fold))

    def _fold(self) -> Fold | None:
        """The module on which the cursor is."""
        if self._table is None or self.drawn or not 0 <= self._cursor < self._rows:
            return None
        row = self._folding.rows()[self._cursor][0]
        return row if isinstance(row, Fold) else None

    def _set_open(self, fold: Fold, open: bool) -> None:
        self._folding.set_open(fold, open)
        if self._tape is not None:
            self._table = Table(self._tape, self._op, self._folding)
        self._fill()
        self._into_sight(self._cursor)

    def _move_to(self, row: int) -> None:
        before, self._cursor = self._cursor, max(min(row, self._rows - 1), 0)
        self.refresh_row(before)
        self.refresh_row(self._cursor)
        self._into_sight(self._cursor)
