"""The loss over a parameter: the curve, where it stands, the tangent there, the path so far. Or over the steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bptui.protocol.fact import Fact
from bptui.protocol.phase import Phase
from bptui.protocol.replies import CurveDrawn
from bptui.protocol.rows import Row
from bptui.render.plot.losses import Losses
from bptui.render.plot.plot import Plot, drawable, frame, padded
from bptui.render.text.cells import width_of
from bptui.render.text.facts import number
from bptui.render.text.gate import one_line
from bptui.render.text.style import FAINT, LIT, QUIET

LINE = "$text-primary"
POINT, PATH, FOOT = "●", "•", "▲"
PATH_LENGTH = 100
"""So many earlier points of the same sample are shown."""
REACH = 2_000
"""So many rows back they are looked for."""
TANGENT = 0.22
"""The tangent's reach to either side, as a part of the width."""
CurvePoint = tuple[float, float]


def path_of(rows: Sequence[Row], param: str, sample: int | None) -> list[CurvePoint]:
    """Earlier (value, loss) pairs of the same sample, the latest first."""
    points: list[CurvePoint] = []
    for at in range(len(rows) - 1, max(len(rows) - REACH, 0) - 1, -1):
        row = rows[at]
        if row.phase is Phase.FORWARD and row.sample == sample and row.loss is not None:
            value = row.param(param)[0]
            if value is not None and drawable(value) and drawable(row.loss):
                points.append((value, row.loss))
                if len(points) == PATH_LENGTH:
                    break
    return points


def over_parameter(curve: CurveDrawn, path: Sequence[CurvePoint], width: int, height: int) -> Plot:
    """The curve with its point."""
    plot = Plot()
    drawn = [y for y in curve.ys if drawable(y)]
    if not drawn or len(curve.xs) < 2:
        return plot
    ends = padded(min(drawn), max(drawn), 0.06)
    inner = frame((curve.xs[0], curve.xs[-1]), ends, width, height, plot)
    plot.dots(LINE, inner.line(list(zip(curve.xs, curve.ys, strict=True))))
    if curve.at is None or curve.loss is None or not drawable(curve.at) or not drawable(curve.loss):
        return plot
    if curve.slope is not None and drawable(curve.slope):
        plot.dots(LIT, inner.line(_tangent(curve.at, curve.loss, curve.slope, inner.x, inner.y)))
    for x, y in path:
        cell = inner.cell(x, y)
        if cell is not None:
            plot.words.append((*cell, PATH, QUIET))
    cell = inner.cell(curve.at, curve.loss)
    if cell is not None:
        plot.words += [(*cell, POINT, "$point bold"), (cell[0], inner.height, FOOT, "$point bold")]
    return plot


def _tangent(at: float, loss: float, slope: float, x: CurvePoint, y: CurvePoint) -> list[CurvePoint]:
    """A piece of the tangent that looks equally long whatever its slope."""
    wide, tall = x[1] - x[0], y[1] - y[0]
    steepness = abs(slope) * wide / tall
    reach = TANGENT * wide / math.hypot(1.0, steepness * 0.5)
    return [(at - reach, loss - slope * reach), (at + reach, loss + slope * reach)]


def over_steps(losses: Losses, width: int, height: int, at: int | None = None, loss: float = math.nan) -> Plot:
    """The loss of every forward of a branch, from left to right, with its point where the program stands.

    That is step `at` with that loss, and what is behind it faint; None: at the end.
    """
    plot = Plot()
    ends = losses.ends()
    if ends is None:
        return plot
    here, loss = (losses.end, losses.last) if at is None else (at, loss)
    inner = frame((0.0, float(max(losses.end, here, 1))), padded(*ends, 0.06), width, height, plot, least=1.0)
    points = losses.points()
    if here < losses.end:
        plot.dots(FAINT, inner.line(points))
        points = [point for point in points if point[0] <= here]
    cell = inner.cell(float(here), loss) if drawable(loss) else None
    if cell is not None:
        points = [*points, (float(here), loss)]  # until the next forward it is what it is
        plot.words.append((*cell, POINT, "$point bold"))
    plot.dots(LINE, inner.line(points))
    return plot


def nothing(curve: CurveDrawn | None, losses: Losses, no_loss: str) -> str:
    """Why there is nothing to draw. `no_loss`: why there is no loss where the program stands, as its card says."""
    if curve is not None:
        return f"the loss is nan or inf at every {one_line(curve.param)}"
    return "every loss is nan or inf" if len(losses) else no_loss


def caption(curve: CurveDrawn, width: int) -> str:
    """`w = 1.2755  slope = -5.7962`, or as much of it as there is room for. A loss that has no point is said."""
    value = f"{one_line(curve.param)} = {number(curve.at)}" if curve.at is not None else ""
    loss = f"loss = {number(curve.loss)}" if curve.loss is not None and not math.isfinite(curve.loss) else ""
    slope = f"slope = {number(curve.slope)}" if curve.slope is not None else ""
    variants = ((value, loss, slope), (loss, slope), (loss or slope,))
    return next((text for each in variants if width_of(text := "  ".join(filter(None, each))) <= width), "")


def steps_caption(param: str | None, known: Fact | None, reason: str, losses: Losses) -> str:
    """Why there is no curve over that parameter, and which steps have no dot."""
    if known is not None and known.numel != 1:
        reason = f"{one_line(param or '')} is {known.numel:,} numbers"
    bad = (
        f"{losses.bad:,} of {len(losses):,} losses {'is' if losses.bad == 1 else 'are'} nan or inf"
        if losses.bad
        else ""
    )
    return "  ".join(filter(None, (bad, reason)))
