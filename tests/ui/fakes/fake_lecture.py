"""The lecture's loop in plain Python, with the engine's words: float32 by rounding, no torch and no other process."""

from __future__ import annotations

from struct import pack, unpack

from bptui.protocol.fact import Named
from bptui.protocol.messages import CurveDrawn
from bptui.protocol.phase import Mark, Phase, StopReason
from bptui.protocol.snapshot import Contribution, Ledger, Row, Snapshot, Upcoming
from bptui.render.text import facts
from tests.ui.fakes.stops import PROGRAM, number, plain, upcoming, with_w

XS, YS = (1.0, 2.0, 3.0), (2.0, 4.0, 6.0)
EPOCHS = 10
TURNS = EPOCHS * len(XS)
PHASES = tuple(Phase)
AGAIN = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)
NO_GRAD = "AttributeError: 'NoneType' object has no attribute 'data'"


class Refusal(Exception):
    """The step is refused and nothing changed. Its arguments: message and hint."""


def f32(x: float) -> float:
    """The nearest float32."""
    return float(unpack("f", pack("f", x))[0])


def loss_at(w: float, turn: int) -> tuple[float, float, float]:
    """What the model says, its loss and its slope, for the sample of that turn."""
    x, y = XS[turn % 3], YS[turn % 3]
    y_pred = f32(x * w)
    off = f32(y_pred - y)
    return y_pred, f32(off * off), f32(f32(2 * off) * x)


def tensor(x: float, ending: str = "") -> str:
    """As PyTorch prints a tensor of one element."""
    text = f"{x:.0f}." if x == int(x) else f"{x:.4e}" if abs(x) < 1e-4 else f"{x:.4f}"
    return f"tensor([{text}]{ending})"


class Lecture:
    """Where the loop stands. `next` and `do` make a step, `snapshot` tells what it did."""

    def __init__(self) -> None:
        self.w = 1.0
        self.grad: float | None = None
        self.turn = 0
        """The sample that comes next, or is under way, counted over all epochs."""
        self.cursor = 0
        """The block that comes next; of no meaning when the script has ended."""
        self.index = self.consumed = 0
        self.zeroing = True
        self._marks: dict[int, Mark] = {}
        self._marked = self._placed = 0
        """The turns that the marks are of, and that a block last ran in order in."""
        self._forward: tuple[float, float, float] | None = None
        """What the latest forward computed, and of which turn."""
        self._forward_turn = 0
        self._open = self._freed = False
        """Whether no backward followed the forward yet, and whether its graph is used up."""
        self._ledger: list[tuple[int, float]] = []
        self._passed = False
        self.printed = "predict (before training) 4 4.0\n"
        """What was printed since the last stop."""

    @property
    def ended(self) -> bool:
        return self.turn == TURNS

    @property
    def sample(self) -> tuple[float, float]:
        """The sample of the latest forward."""
        return XS[self._forward_turn % 3], YS[self._forward_turn % 3]

    @property
    def loss(self) -> float | None:
        """The latest forward's loss."""
        return self._forward[1] if self._forward else None

    # ---- steps

    def begin_inside(self) -> None:
        """Before the block that comes next is stepped into: what zeroing off passes over is not told of."""
        self._check_going()
        self._pass_zero_grad()
        self._passed = False

    def next(self) -> Phase:
        """Run the block that comes next."""
        self._check_going()
        self._pass_zero_grad()
        return self._in_order()

    def do(self, phase: Phase) -> Phase:
        """Run that phase now."""
        self._check_going()
        if phase is PHASES[self.cursor]:
            return self._in_order()
        if phase is not Phase.FORWARD or (self._open and self._marked == self.turn):
            self._execute(phase, in_order=False)
        else:
            if self.turn == TURNS - 1:
                raise Refusal("No more samples: this was the last one.", "Press n to go on to the end of the script.")
            while self.cursor:
                self._pass()
            self._in_order()
        return phase

    def _check_going(self) -> None:
        if self.ended:
            raise Refusal("The script has ended.", "Restart to begin again.")

    def _in_order(self) -> Phase:
        phase = PHASES[self.cursor]
        if self._marked != self.turn:
            self._marked, self._marks, self._open = self.turn, {}, False
        self._execute(phase, in_order=True)
        self._placed = self.turn
        self._advance()
        self._pass_zero_grad()
        return phase

    def _execute(self, phase: Phase, in_order: bool) -> None:
        line = PROGRAM.blocks[PHASES.index(phase)].line
        match phase:
            case Phase.FORWARD:
                self._forward, self._forward_turn = loss_at(self.w, self.turn), self.turn
                self._open, self._freed = True, False
            case Phase.BACKWARD:
                self._backward(line, in_order)
            case Phase.UPDATE:
                self.w = f32(self.w - f32(f32(0.01) * self._grad_at(phase, line)))
            case Phase.ZERO_GRAD:
                self._grad_at(phase, line)
                self.grad, self._ledger = 0.0, []
        if self._marked == self.turn:
            self._marks[PHASES.index(phase)] = Mark.DONE
        self.index += 1

    def _backward(self, line: int, in_order: bool) -> None:
        if self._forward is None:
            raise Refusal("There is no loss to go backward from.", "Press f to run a forward first.")
        if self._freed:
            hint = "The graph was freed by the first backward; press f to run the forward again."
            raise Refusal(f"backward, line {line}: RuntimeError: {AGAIN}", hint)
        slope, turn = self._forward[2], self._forward_turn
        self.grad = slope if self.grad is None else f32(self.grad + slope)
        self._ledger.append((turn, slope))
        self._open, self._freed = False, True
        self.consumed += 1
        if in_order:
            self.printed += f"\tgrad: {XS[turn % 3]} {YS[turn % 3]} {self.grad}\n"
            self.printed += f"\tw.grad.data: {tensor(self.grad)} <class 'torch.Tensor'>\n"
            self.printed += f"\tw: {tensor(self.w, ', requires_grad=True')} <class 'torch.Tensor'>\n"

    def _grad_at(self, phase: Phase, line: int) -> float:
        if self.grad is None:
            raise Refusal(f"{phase}, line {line}: {NO_GRAD}", "A gradient is None; press b to compute it first.")
        return self.grad

    def _pass_zero_grad(self) -> None:
        while not self.zeroing and not self.ended and PHASES[self.cursor] is Phase.ZERO_GRAD:
            self._pass()
            self._passed = True

    def _pass(self) -> None:
        self._marks[self.cursor] = Mark.SKIPPED
        self._advance()

    def _advance(self) -> None:
        self.cursor = (self.cursor + 1) % 4
        self.turn += not self.cursor
        if not self.cursor and not self.turn % 3:
            loss = self._forward[1] if self._forward else 0.0
            self.printed += f"progress: {self.turn // 3 - 1} {loss} <class 'float'>\n"
        if self.ended:
            self.printed += f"predict (after training) 4 {f32(4 * self.w)}\n"

    # ---- what it tells

    def snapshot(self, before: Snapshot | None, phase: Phase | None, reason: StopReason) -> Snapshot:
        """The stop, after that phase; what was printed and passed over is told once."""
        epoch, sample = divmod(self._placed, 3)
        printed, self.printed = self.printed, ""
        passed, self._passed = self._passed, False
        possible = () if self.ended else tuple(each for each in PHASES if self._is_possible(each))
        ledger = tuple(Contribution(*divmod(turn, 3), number(slope)) for turn, slope in self._ledger)
        total = 0.0
        for _turn, slope in self._ledger:
            total = f32(total + slope)
        x, y = (plain(each[self._forward_turn % 3]) for each in (XS, YS))
        y_pred, loss, _slope = self._forward or (0.0, 0.0, 0.0)
        return Snapshot(
            self.index, phase, None if phase is None else PHASES.index(phase),
            StopReason.END if self.ended else reason, epoch, sample, EPOCHS, 3, self.consumed,
            (Named("x", x), Named("y", y), Named("y_pred", number(y_pred))) if self._forward else (),
            2 if self._forward else 0, "l" if self._forward else None, number(loss) if self._forward else None,
            with_w(self.w, self.grad), (Ledger("w", ledger, number(total), None),) if ledger else (), self.zeroing,
            *self.ahead(), possible, self._explain(before, phase, passed), printed, "", None,
        )  # fmt: skip

    def row(self, phase: Phase) -> Row:
        """The timeline's line of a step that a run went by."""
        loss = self._forward[1] if self._forward else None
        return Row(self.index, phase, StopReason.STEP, *divmod(self._placed, 3), loss, (("w", self.w, self.grad),))

    def _is_possible(self, phase: Phase) -> bool:
        if phase is Phase.FORWARD:
            return not self.cursor or (self._open and self._marked == self.turn) or self.turn < TURNS - 1
        return phase is not Phase.BACKWARD or self._forward is not None

    def ahead(self) -> tuple[tuple[Mark, ...], Upcoming | None]:
        """How the blocks stand, and what comes next."""
        marks = self._marks if self._marked == self.turn or self.ended else {}
        coming, known = self.cursor, True
        if not self.zeroing and coming == 3 and self.turn < TURNS - 1:
            coming, known = 0, False
        shown = []
        for at in range(4):
            if not self.zeroing and at == 3 and marks.get(at) is not Mark.DONE:
                shown.append(Mark.SKIPPED)
            elif not self.ended and at == coming:
                shown.append(Mark.NEXT)
            else:
                shown.append(marks.get(at, Mark.SKIPPED if self.ended or (marks and at < coming) else Mark.TODO))
        return tuple(shown), None if self.ended else self._upcoming(coming, known)

    def _upcoming(self, coming: int, known: bool) -> Upcoming:
        at = upcoming(PHASES[coming], self.turn // 3, self.turn % 3)
        numbers = {
            Phase.FORWARD: f"l = loss({facts.number(XS[self.turn % 3])}, {facts.number(YS[self.turn % 3])})",
            Phase.UPDATE: f"w.data = {facts.number(self.w)} - 0.01 * {facts.number(self.grad)}",
        }.get(at.phase, at.text)
        epoch, sample = (at.epoch, at.sample) if known else (None, None)
        return Upcoming(at.phase, at.block, at.line, at.text, numbers if known else at.text, epoch, sample)

    def _explain(self, before: Snapshot | None, phase: Phase | None, passed: bool) -> str:
        if before is None or phase is None:
            return "ready: forward is next, line 25"
        old = before.params[0]
        was = _short(old.grad.number if old.grad else None)
        grad, w = _short(self.grad), _short(self.w)
        match phase:
            case Phase.FORWARD:
                assert self._forward is not None
                x, y = XS[self._forward_turn % 3], YS[self._forward_turn % 3]
                said = f"forward: loss = {_short(self._forward[1])} for x = {_short(x)}, y = {_short(y)}"
            case Phase.BACKWARD:
                said = f"backward: ∂loss/∂w = {_short(self._ledger[-1][1])} added to w.grad: {was} -> {grad}"
            case Phase.UPDATE:
                moved = old.value.number != self.w
                said = f"update: w {_short(old.value.number)} -> {w}" if moved else "update: nothing moved"
            case Phase.ZERO_GRAD:
                same = old.grad is not None and old.grad.number == self.grad
                said = "zero_grad: no gradient changed" if same else f"zero_grad: w.grad {was} -> {grad}"
        if self.index > before.index + 1:
            said = f"{self.index - before.index} steps, then {said}"
        if passed:
            said += (
                f"; zero_grad passed over, w.grad stays {grad}" if self.grad is not None else "; zero_grad passed over"
            )
        return f"{said}; the script has ended" if self.ended else said

    def curve(self, low: float, high: float, points: int) -> CurveDrawn:
        """The loss of the latest forward's sample at other values of w."""
        if self._forward is None:
            return CurveDrawn("w", (), (), None, None, None, "no forward has run yet")
        xs = tuple(low + (high - low) * at / (points - 1) for at in range(points))
        _y_pred, loss, slope = loss_at(self.w, self._forward_turn)
        return CurveDrawn("w", xs, tuple(loss_at(x, self._forward_turn)[1] for x in xs), self.w, loss, slope, "")


def _short(x: float | None) -> str:
    return "None" if x is None else f"{x:.6g}"
