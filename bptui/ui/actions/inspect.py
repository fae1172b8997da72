"""What a person looks into beside the stops: a value, the tape, an op, a gradient check."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from textual.screen import Screen
from textual.widget import Widget

from bptui.protocol.phase import StopReason
from bptui.protocol.replies import GradientsChecked, Inspected, Payload, Refused, TapeShown
from bptui.protocol.requests import CheckGradients, Inspect, ShowTape
from bptui.protocol.snapshot import Snapshot
from bptui.render.lists.checked import check_sheet
from bptui.render.lists.watches import watch_sheet
from bptui.render.tape.sheets import op_sheet
from bptui.render.text.fit import wrapped_text
from bptui.ui.model.requests import Requests
from bptui.ui.panes.card import Card, ParamChooser
from bptui.ui.panes.view import View
from bptui.ui.panes.watches import WatchPane
from bptui.ui.screens.inspector import InspectorScreen
from bptui.ui.screens.sheet import SheetScreen


class Shown(Protocol):
    """What the screen shows now."""

    snapshot: Snapshot | None
    param: str | None
    """The chosen parameter's name."""


class InspectActions:
    """Asks for what is to be looked into, and shows it when it comes."""

    def __init__(self, screen: Screen[None], requests: Requests, view: View, shown: Shown) -> None:
        self._screen, self._requests, self._view, self._shown = screen, requests, view, shown
        self._inspector: InspectorScreen | None = None
        self._check: SheetScreen | None = None
        self._wanted: Widget = view.curve
        """What the person asked for: a step into a phase may show the tape in its place."""
        self._inside = False
        self._tape = 0
        """The number of the tape that the pane has."""

    def open(self) -> None:
        """A program begins, perhaps once more."""
        self._tape, self._inside = 0, False
        self._view.turn_to(self._wanted)

    # ---- the tape

    def stopped(self, snapshot: Snapshot) -> None:
        """Inside a phase the tape takes the curve's place, and gives it back unless it was asked for."""
        inside = snapshot.op is not None
        if snapshot.stop_reason is StopReason.GOTO:  # the tape that is there is of another time
            self._tape = 0
            self._view.show_tape(None)
        if inside != self._inside:
            self._inside = inside
            self._view.turn_to(self._view.tape if inside else self._wanted)
        self._ask_tape(snapshot)

    def switch(self, pane: Widget, snapshot: Snapshot | None) -> None:
        """Show this one, or the curve again."""
        self.turn_to(self._view.curve if pane.display else pane)
        if snapshot is not None:
            self._ask_tape(snapshot)

    def turn_to(self, pane: Widget) -> None:
        """Show this one in the curve's place."""
        self._wanted = pane
        self._view.turn_to(pane)

    def _ask_tape(self, snapshot: Snapshot) -> None:
        if self._view.tape.display and snapshot.tape > self._tape:  # it only grows: none is asked for twice
            if not self._requests.awaits(ShowTape):
                self._requests.ask(ShowTape(), self._hear_tape)

    def _hear_tape(self, payload: Payload) -> None:
        if not isinstance(payload, TapeShown):
            return
        self._tape = payload.number
        self._view.show_tape(payload.tape)
        if (snapshot := self._shown.snapshot) is not None:
            self._view.tape.show(payload.tape, snapshot.op, self._shown.param)
            self._ask_tape(snapshot)  # it may be another one by now

    # ---- values, ops

    def inspect(self, snapshot: Snapshot, param: str | None) -> None:
        """Look into what the focused pane shows; inside a phase any pane but the cards stands for the op.

        Where the last line is cut and no card has the focus, it is shown whole.
        """
        focused = self._screen.focused
        if isinstance(focused, WatchPane):
            self._screen.app.push_screen(SheetScreen("watches", partial(watch_sheet, focused.watches)))
            return
        if snapshot.op is not None and not isinstance(focused, Card | ParamChooser):
            self._screen.app.push_screen(SheetScreen(snapshot.op.name, partial(op_sheet, snapshot.op)))
            return
        if (whole := self._view.cut_message) is not None and not isinstance(focused, Card | ParamChooser):
            self._screen.app.push_screen(SheetScreen("message", partial(wrapped_text, whole)))
            return
        names = [name for card in self._screen.query(Card) for name in card.names]
        start = focused.names[0] if isinstance(focused, Card) and focused.names else param
        if start in names:
            self._inspector = InspectorScreen(names, start, self._ask_value)
            self._screen.app.push_screen(self._inspector, self._inspected)

    def _ask_value(self, name: str) -> None:
        self._requests.ask(Inspect(name), self._hear_value)

    def _hear_value(self, payload: Payload) -> None:
        if self._inspector is not None and isinstance(payload, Inspected):
            self._inspector.show(payload)
        elif self._inspector is not None and isinstance(payload, Refused):
            self._inspector.show(Inspected("", (), f"{payload.message}\n{payload.hint}"))

    def _inspected(self, _result: None) -> None:
        self._inspector = None

    # ---- the gradient check

    def check(self) -> None:
        """Compare autograd's gradients with central differences."""
        self._check = SheetScreen("gradient check", partial(check_sheet, None))
        self._screen.app.push_screen(self._check, self._checked)
        self._requests.ask(CheckGradients(), self.hear_check)

    def hear_check(self, payload: Payload) -> None:
        """The verdicts came, or why there are none."""
        if isinstance(payload, Refused):
            payload = GradientsChecked((), None, " ".join((payload.message, payload.hint)).strip())
        if self._check is not None and isinstance(payload, GradientsChecked):
            self._check.show(partial(check_sheet, payload))

    def _checked(self, _result: None) -> None:
        self._check = None
