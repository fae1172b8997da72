"""What stands around a plot over the steps, and where zeroing on and off led."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.rows import Row
from bptui.render.plot.compared import compared
from bptui.render.plot.legend import Caption, subtitle, title

PLAIN = Caption("loss", called="l", first=0, last=1200)
BOTH = replace(PLAIN, log=True, names=["zeroing on", "zeroing off"], zoomed=True, others=True)
NORM = replace(PLAIN, what="features.0.weight.grad", norm=True)


@pytest.mark.parametrize(
    ("caption", "width", "said"),
    [
        (PLAIN, 60, "l (loss) over steps"),
        (replace(PLAIN, called="loss"), 60, "loss over steps"),
        (BOTH, 60, "l (loss) over steps, log  ⣀⡠⠒ zeroing on  ○ zeroing off"),
        (BOTH, 50, "l (loss), log  ⣀⡠⠒ zeroing on  ○ zeroing off"),
        (BOTH, 34, "l (loss), log  ⣀⡠⠒ on  ○ off"),
        (BOTH, 26, "l (loss)  ⣀⡠⠒ on  ○ off"),
        (NORM, 60, "norm of features.0.weight.grad over steps"),
        (NORM, 30, "…ures.0.weight.grad over steps"),
        (replace(NORM, names=["branch 1"]), 21, "…0.weight.grad  ⣀⡠⠒ 1"),
    ],
)
def test_the_title_says_what_it_is_of(caption: Caption, width: int, said: str) -> None:
    assert title(caption, width).plain == said


@pytest.mark.parametrize(
    ("caption", "width", "said"),
    [
        (PLAIN, 60, "0…1,200  ↑↓ what  [ ] zoom  y log"),
        (BOTH, 60, "0…1,200  ↑↓ what  [ ] zoom  ←→ home  y linear  x branch"),
        (BOTH, 47, "↑↓ what  [ ] zoom  ←→ home  y linear  x branch"),
        (BOTH, 40, "↑↓ what  [ ] zoom  y linear  x branch"),
        (BOTH, 20, "↑↓ what  [ ] zoom"),
        (BOTH, 8, "↑↓ what"),
    ],
)
def test_the_keys_are_below_it(caption: Caption, width: int, said: str) -> None:
    assert subtitle(caption, width).plain == said


def row(index: int, loss: float | None) -> Row:
    return Row(index, Phase.UPDATE, StopReason.STEP, 0, 0, loss, ())


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (
            120,
            "zeroing on: loss 0.0020; off: loss 12.5000, both at epoch 0 sample 0  the program stands at step 16 again",
        ),
        (80, "zeroing on: loss 0.0020; off: loss 12.5000, both at epoch 0 sample 0"),
        (50, "zeroing on: loss 0.0020; off: loss 12.5000"),
        (36, "on: loss 0.0020; off: loss 12.5000"),
    ],
)
def test_in_one_sentence_where_zeroing_on_and_off_led(width: int, said: str) -> None:
    assert compared(row(76, 0.002), row(1060, 12.5), 16, width).plain == said


def test_a_loss_that_is_nan_is_said_and_none_too() -> None:
    said = compared(row(9, float("nan")), row(9, None), 1, 30).plain
    assert said == "on: loss nan; off: loss None"
    assert compared(row(9, 1.0), None, 1, 50).plain == "compared: no sample got a loss both with zeroing on and off"
    assert compared(None, None, 1, 50).plain == "compared: no sample got a loss both with zeroing on and off"
