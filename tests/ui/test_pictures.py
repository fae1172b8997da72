"""What the screen looks like, at each size and in each state. Update with `pytest tests/ui --snapshot-update`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.replies import CurveDrawn, Died, Inspected, Payload, Refused, Running, SeenAnew
from bptui.protocol.requests import DrawCurve
from bptui.protocol.rows import Row, Rows
from bptui.protocol.snapshot import Snapshot
from bptui.session.live import Session
from bptui.ui.app import BptuiApp
from tests.engine_session import EngineSession
from tests.ui.fakes.scripted_session import ToldSession
from tests.ui.fakes.stops import (
    ACCUMULATED,
    BACKWARD,
    FORWARD,
    LARGE,
    RAISED,
    SOURCE,
    ZERO_GRAD,
)

WIDE, NORMAL, NARROW = (120, 40), (80, 24), (60, 20)
Before = Callable[[Pilot[None]], Awaitable[None]]


def app_of(session: Session, theme: str = "bptui-dark") -> BptuiApp:
    """The app over that session, with a clock that goes a second at each look."""
    seconds = iter(range(10**6))
    app = BptuiApp(session, title="linear.py", source=SOURCE, clock=lambda: next(seconds))
    app.theme = theme
    return app


def curve(ask: DrawCurve, snapshot: Snapshot) -> CurveDrawn:
    """The lecture's curve: loss = (x w - y) ** 2."""
    x, y = (named.fact.number or 0.0 for named in snapshot.values[:2])
    ws = tuple(ask.low + (ask.high - ask.low) * at / (ask.points - 1) for at in range(ask.points))
    w = snapshot.params[0].value.number
    assert w is not None
    losses = tuple((x * each - y) ** 2 for each in ws)
    return CurveDrawn(ask.param, ws, losses, w, (x * w - y) ** 2, 2 * x * (x * w - y), "")


def after(session: ToldSession, *stops: Snapshot, then: Sequence[Payload] = ()) -> Before:
    """These stops, each of them asked for with `n`, with the curve of the last; and then what else is told."""

    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        for stop in stops:
            await pilot.press("n")
            session.stop(stop)
            await pilot.pause()
            answered = None
            while isinstance(ask := session.asked[-1], DrawCurve) and ask is not answered:
                session.reply(curve(ask, stop))
                answered = ask
                await pilot.pause()
        if then:
            await pilot.press("n")
            session.reply(*then)
            await pilot.pause()

    return run


def pressing(*keys: str) -> Before:
    """These keys, each when the one before is done."""

    async def run(pilot: Pilot[None]) -> None:
        await pilot.pause()
        for key in keys:
            await pilot.press(key)
            await pilot.pause()

    return run


SECOND = "nnnn"
"""To the second sample, before its forward."""
SCENES = [
    pytest.param("", WIDE, id="at entry nothing is known but w"),
    pytest.param(f"{SECOND}n", WIDE, id="after a forward sample and loss are lit"),
    pytest.param(f"{SECOND}nn", WIDE, id="after a backward the gradient is lit"),
    pytest.param(f"{SECOND}nnn", WIDE, id="after an update w is lit"),
    pytest.param(f"{SECOND}nnnn", WIDE, id="after zero_grad the gradient is 0 and not None"),
    pytest.param(f"{SECOND}nn", NORMAL, id="80x24 shows all four cards"),
    pytest.param(f"{SECOND}nn", NARROW, id="60x20 still works"),
    pytest.param(f"{SECOND}nn", (80, 40), id="80x40 is tall but has no big digits"),
    pytest.param(f"{SECOND}nn", (120, 24), id="120x24 is wide but has no big digits"),
    pytest.param(f"{SECOND}nn", (40, 10), id="40x10 says that it is too small"),
    pytest.param(f"{SECOND}nn", (20, 5), id="20x5 says that it is too small"),
    pytest.param(f"{SECOND}nnnann", WIDE, id="with zeroing off the ledger says what the gradient is made of"),
    pytest.param(f"{SECOND}nnnann", NORMAL, id="80x24 has the ledger too"),
    pytest.param(f"{SECOND}nnc", WIDE, id="when the script has ended nothing is left to run"),
]


@pytest.mark.parametrize(("keys", "size"), SCENES)
def test_it_looks_the_same(snap_compare, keys: str, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(app_of(EngineSession()), terminal_size=size, run_before=pressing(*keys))


def test_the_picture_of_the_readme_is_a_backward_at_120x40(snap_compare) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(app_of(EngineSession()), terminal_size=WIDE, run_before=pressing(*f"{SECOND}nn"))


@pytest.mark.parametrize(
    ("stops", "size"),
    [
        pytest.param((LARGE,), WIDE, id="of several parameters one is chosen"),
        pytest.param((LARGE,), NORMAL, id="80x24 has the list of parameters too"),
        pytest.param((FORWARD, RAISED), WIDE, id="an exception is told and its line marked"),
        pytest.param((FORWARD, RAISED), NORMAL, id="80x24 tells an exception too"),
    ],
)
def test_what_the_lecture_has_not(snap_compare, stops: tuple[Snapshot, ...], size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()
    assert snap_compare(app_of(session), terminal_size=size, run_before=after(session, *stops))


@pytest.mark.parametrize("size", [WIDE, NORMAL], ids=["120x40", "80x24"])
def test_the_light_theme(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()
    app = app_of(session, "bptui-light")
    assert snap_compare(app, terminal_size=size, run_before=after(session, FORWARD, BACKWARD))


def test_before_the_script_is_opened_its_source_is_there(snap_compare) -> None:  # type: ignore[no-untyped-def]
    assert snap_compare(app_of(ToldSession(entry=None)), terminal_size=WIDE)


REFUSED = Refused(
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already "
    "been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad().",
    "The graph was freed by the first backward; press f to run the forward again.",
)
DIED = Died("The script was killed by SIGKILL during backward, line 26.", "last words\n", "and a warning\n")
ROWS = tuple(
    Row(7 + at, Phase.BACKWARD, StopReason.STEP, at // 3, at % 3, 3.0 / (at + 1), (("w", 1.0 + at / 20, -1.0),))
    for at in range(18)
)


@pytest.mark.parametrize(
    ("then", "size"),
    [
        pytest.param((REFUSED,), WIDE, id="a refusal is in PyTorch's words and says what to do"),
        pytest.param((REFUSED,), NORMAL, id="80x24 has room for a refusal"),
        pytest.param((REFUSED,), NARROW, id="60x20 keeps what to do whole"),
        pytest.param((DIED,), WIDE, id="a death is told and the timeline stays"),
    ],
)
def test_what_went_wrong(snap_compare, then: tuple[Payload, ...], size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()
    before = after(session, FORWARD, BACKWARD, then=then)
    assert snap_compare(app_of(session), terminal_size=size, run_before=before)


def test_a_run_tells_where_it_is_and_how_fast(snap_compare) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()

    async def run(pilot: Pilot[None]) -> None:
        await after(session, FORWARD, BACKWARD)(pilot)
        await pilot.press("c")
        session.reply(Running(Rows.of(ROWS[:9]), "progress: 0\n"), Running(Rows.of(ROWS[9:]), "progress: 1\n"))
        await pilot.pause()

    assert snap_compare(app_of(session), terminal_size=WIDE, run_before=run)


def test_no_gradient_is_none_in_words(snap_compare) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()
    none = replace(ZERO_GRAD, params=(replace(ZERO_GRAD.params[0], grad=None),), explain="zero_grad: w.grad is None")
    assert snap_compare(app_of(session), terminal_size=WIDE, run_before=after(session, FORWARD, BACKWARD, none))


def test_turning_zeroing_off_is_said(snap_compare) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()

    async def run(pilot: Pilot[None]) -> None:
        await after(session, FORWARD, BACKWARD)(pilot)
        await pilot.press("a")
        session.reply(SeenAnew(replace(BACKWARD, zeroing=False, marks=ACCUMULATED.marks)))
        await pilot.pause()

    assert snap_compare(app_of(session), terminal_size=NORMAL, run_before=run)


@pytest.mark.parametrize("size", [WIDE, NORMAL, NARROW], ids=["120x40", "80x24", "60x20"])
def test_help_lists_every_key(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()

    async def run(pilot: Pilot[None]) -> None:
        await after(session, FORWARD)(pilot)
        await pilot.press("question_mark")

    assert snap_compare(app_of(session), terminal_size=size, run_before=run)


@pytest.mark.parametrize("size", [WIDE, NORMAL], ids=["120x40", "80x24"])
def test_the_inspector_shows_a_value_as_python_sees_it(snap_compare, size: tuple[int, int]) -> None:  # type: ignore[no-untyped-def]
    session = ToldSession()
    fields = (
        ("type", "<class 'torch.Tensor'>"), ("dtype", "float32"), ("shape", "(1,)"), ("ndim", "1"), ("device", "cpu"),
        ("requires_grad", "True"), ("is_leaf", "True"), ("grad_fn", "None"), ("version", "0"),
        (".data", "tensor([1.0200])"), (".grad", "tensor([-7.8400])"),
    )  # fmt: skip

    async def run(pilot: Pilot[None]) -> None:
        await after(session, FORWARD, BACKWARD)(pilot)
        await pilot.press("3", "enter")
        session.reply(Inspected("w", fields, "tensor([1.0200], requires_grad=True)"))
        await pilot.pause()

    assert snap_compare(app_of(session), terminal_size=size, run_before=run)
