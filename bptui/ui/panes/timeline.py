"""All steps."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType

from bptui.render.lists.branches import Branches
from bptui.render.stop.timeline import TimelineColumn, TimelineStyle, branch_line, columns, header, row_line
from bptui.ui.base.messages import RowChosen
from bptui.ui.model.rows import RowPages
from bptui.ui.panes.drawn import as_content
from bptui.ui.panes.lines import Lines

MARGIN = 2
"""So many lines stay in sight around the one that is gone to."""


class TimelinePane(Lines):
    """A line for each step of a branch. One of them is marked: there the program stands."""

    HEAD = 1
    EMPTY = "   no steps yet"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup", "page(-1)", "page up", show=False),
        Binding("pagedown", "page(1)", "page down", show=False),
        Binding("home", "end(False)", "first", show=False),
        Binding("end", "end(True)", "last", show=False),
        Binding("left", "branch(-1)", "the branch before", show=False),
        Binding("right", "branch(1)", "the next branch", show=False),
        Binding("enter", "go", "go there", show=False),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._pages: RowPages | None = None
        self._branches = Branches(())
        self._branch = 0
        """The one that is shown."""
        self._here = 0, -1
        """The branch and the index at which the program stands."""
        self._behind = -1
        """Up to which index of the shown branch the program has come."""
        self._cursor: int | None = None
        """The line that was chosen; None for the one where the program stands."""
        self._leaving: dict[int, tuple[int, ...]] = {}
        self._heads: tuple[str | None, str, int] = None, "loss", 1
        """The parameter, what the loss is called, and how many digits the last index has."""

    # ---- what it shows

    def clear(self, pages: RowPages) -> None:
        """Begin anew."""
        self._pages, self._branches, self._branch, self._here = pages, Branches(()), 0, (0, -1)
        self._behind, self._cursor, self._leaving = -1, None, {}
        self.set_lines(0, follow=False)

    def stop(self, here: tuple[int, int], brought: bool) -> None:
        """The program stands there, after a step, or because it was `brought` there."""
        was = self._here[1]
        seen = brought or was < 0 or self._branch != here[0] or self.is_in_sight(was)
        if self._branch != here[0]:
            was = 0
        self._refresh_cursor()
        self._cursor, self._here, self._branch = None, here, here[0]
        self._count_lines(since=min(was, here[1]))
        if seen:
            self.bring_into_sight(here[1], MARGIN)

    def run_on(self, here: tuple[int, int]) -> None:
        """It has come there, and goes on."""
        was, self._here = self._here[1], here
        seen = self.is_in_sight(was)
        if self._branch == here[0]:
            self._count_lines(since=was)
            if seen and self._cursor is None:
                self.bring_into_sight(here[1])

    def show_param(self, param: str | None, loss: str | None) -> None:
        """Whose value and gradient the rows are to show, and what the loss is called."""
        if (param, loss or "loss") != self._heads[:2]:
            self._heads = param, loss or "loss", self._heads[2]
            self._count_lines()

    def _count_lines(self, since: int = 0) -> None:
        """How many rows there are, and how they stand; those before `since` are as they were."""
        if self._pages is None:
            return
        timeline = self._pages.timeline
        known, leaving = len(self._branches), self._leaving
        if len(timeline.branches) != known or known > 1:
            self._branches = Branches(timeline.branches)
            self._leaving = self._branches.leaving(self._branch, timeline.last)
        last = timeline.last(self._branch)
        behind = self._branches.shared(self._branch, self._here[0], self._here[1])
        heads = (*self._heads[:2], len(str(last + 1)))
        if heads != self._heads or leaving != self._leaving:
            since = 0
        since = max(min(since, self._behind, behind), 0)
        self._heads, self._behind = heads, behind
        self.set_lines(last + 1, follow=False, since=since)
        self._entitle()

    def _entitle(self) -> None:
        """Which branches there are."""
        line = branch_line(self._branches.numbers, self._branch, self._here[0], self.room)
        self.border_subtitle = as_content(line) if len(self._branches) > 1 else ""

    def _columns(self, width: int) -> list[TimelineColumn]:
        return columns(*self._heads, width)

    def head(self, width: int) -> Text:
        """The columns' names."""
        return header(self._columns(width), width)

    def line(self, index: int, width: int) -> Text:
        """A step."""
        row = self._pages.row(self._branch, index) if self._pages is not None else None
        if self._pages is None or row is None:  # the program begins anew, and the screen is about to hear of it
            return Text()
        look = TimelineStyle(
            index == self._behind == self._here[1],
            self.has_focus and index == self._cursor,
            index > self._behind,
            self._leaving.get(index, ()),
        )
        return row_line(self._columns(width), row, self._pages.row(self._branch, index - 1), width, look)

    # ---- choosing

    @property
    def _at(self) -> int:
        """The line that the keys move from."""
        return self._behind if self._cursor is None else self._cursor

    def action_move(self, by: int) -> None:
        """The cursor a row on."""
        self._move_to(self._at + by)

    def action_page(self, by: int) -> None:
        """A page on."""
        self._move_to(self._at + by * max(self.size.height - self.HEAD - 1, 1))

    def action_end(self, last: bool) -> None:
        """The first or the last row."""
        self._move_to(self._count - 1 if last else 0)

    def _move_to(self, row: int) -> None:
        if self._count:
            before, self._cursor = self._cursor, max(min(row, self._count - 1), 0)
            if before is not None:
                self.refresh_row(before)
            self.refresh_row(self._cursor)
            self.bring_into_sight(self._cursor)

    def action_branch(self, by: int) -> None:
        """Show the next branch."""
        numbers = self._branches.numbers
        if len(numbers) > 1:
            at = numbers.index(self._branch) if self._branch in numbers else 0
            self.show_branch(numbers[(at + by) % len(numbers)])

    def show_branch(self, branch: int) -> None:
        """Show that branch, and its row beside which the cursor is."""
        at, self._branch = self._at, branch
        self._count_lines()
        self._move_to(at)

    def action_go(self) -> None:
        """Go to the chosen row; where none was chosen the key means what it means outside."""
        if self._cursor is None:
            raise SkipAction
        self.post_message(RowChosen(self._branch, self._cursor))

    def on_click(self, event: events.Click) -> None:
        """Go to a row, or show the branch that leaves there."""
        at = event.get_content_offset(self)
        row = at.y - self.HEAD + self.scroll_offset.y if at is not None and at.y >= self.HEAD else -1
        if "branch" in event.style.meta:
            self.show_branch(event.style.meta["branch"])
        elif 0 <= row < self._count:
            self.post_message(RowChosen(self._branch, row))

    # ---- as a widget

    def on_focus(self) -> None:
        self._refresh_cursor()

    def on_blur(self) -> None:
        self._refresh_cursor()

    def _refresh_cursor(self) -> None:
        if self._cursor is not None:
            self.refresh_row(self._cursor)

    def on_resize(self, event: events.Resize) -> None:
        """What was in sight of where the program stands stays so."""
        super().on_resize(event)
        self.bring_into_sight(max(self._at, 0))
        self._entitle()
