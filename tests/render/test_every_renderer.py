"""Every renderer, at every width, with texts that are hard to show: it ends, fits, and is safe for a terminal."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.text import Text

import bptui.render
from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.fact import Fact, Named
from bptui.protocol.phase import StopReason
from bptui.protocol.replies import CurveDrawn, Evaluated, GradientsChecked, Inspected, ParamCheck
from bptui.protocol.rows import Branch, Row
from bptui.protocol.snapshot import Change, Contribution, Ledger, Param, Watched
from bptui.protocol.tape import Local, Op, Saved
from bptui.render.lists import branchlist, breakpoints, candidates, checked, evaluated, help, inspected, watches
from bptui.render.plot import compared, curve, legend
from bptui.render.plot import series as over_steps
from bptui.render.plot.losses import Losses
from bptui.render.plot.plot import Plot
from bptui.render.stop import cards, console, footer, headway, phasebar, source, timeline, title
from bptui.render.tape import chain, drawing, inside, sheets
from bptui.render.tape.folding import Folding
from bptui.render.tape.graph import Graph
from bptui.render.tape.paths import chain_of
from bptui.render.tape.tape import Table
from bptui.render.text import brief, fit
from bptui.render.text.cells import width_of
from tests import handmade_tapes, nasty
from tests.nasty import COMMANDS, SHAPES, STRAY, UNSAFE, poisoned
from tests.ui.fakes import stops

WIDTHS = (0, 1, 2, 5, 8, 21, 40, 60, 200)
HEIGHTS = (0, 1, 2, 3, 5, 9)
Lines = list[Text]
Renderer = Callable[[str, int], Lines]
"""A hard text and a width to the lines that are drawn."""

OP = Op(
    1, 3, "mul", 1, -1, "x * w", 12, "model/model.fc1",
    (Named("x", stops.number(-1.4721)), Named("w", stops.matrix(7.3159, 30, 40))),
    (Named("y_pred", stops.number(123456.789)),), (Named("∂l/∂y_pred", stops.number(-3.92)),),
    (Local("∂y_pred/∂w", "x = 2", stops.number(2.0)), Local("∂y_pred/∂x", "", handmade_tapes.large(4, 4))),
    (Named("∂l/∂w", stops.number(-7.84)),), (Saved("self", stops.number(2.0), 4),), "its backward is opaque",
)  # fmt: skip
INSIDE = replace(stops.BACKWARD, op=OP, explain="backward 2/3: ∂l/∂w = ∂l/∂y_pred · x = -3.92 · 2 = -7.84; ∂l/∂x = 3")
SUMMED = Ledger(
    "w",
    tuple(Contribution(0, at, stops.number(-1.4721 * at)) for at in range(9)),
    stops.number(-9.84),
    stops.number(0.5),
    3,
)
WORDS = (Fact("str", "words", text="'words'"), Fact("Custom", text="<Custom of words>"), stops.number(-1.4721))
VALUES = tuple(Named(f"{name}{at}", fact) for at, fact in enumerate(WORDS) for name in ("x", "数"))
PARAMS = (Param("w", stops.number(-1.4721), None), Param("model.0.weight", stops.matrix(7.3159, 3, 4), WORDS[2]))
FULL = replace(
    stops.BACKWARD, values=VALUES, params=PARAMS, ledger=(SUMMED,), failure=stops.FAILURE, met="line 3 if w > 7.3159",
    watches=(Watched("w.grad", "7.3159", False), Watched("w.z", "AttributeError: z", True)),
)  # fmt: skip
CHECK = GradientsChecked((ParamCheck("w", 12, 12, 1e-9, -7.8421, -7.8421, (0,), "kink"),), 1.0, "", "float64")
CURVE = CurveDrawn(
    "w", tuple(at / 9 for at in range(60)), tuple((at - 30) ** 2 / 7 for at in range(60)), 3.0, 7.3159, -1.4721, ""
)
LISTED = breakpoints.Listed(
    Breakpoint(3, line=3, condition="w > 7.3159"), "line 3 if w > 7.3159", BreakpointState(3, False, "never: no w", 12)
)
CALLED = legend.Caption("w.grad", True, "l", True, ("zeroing on", "branch 12345"), 1234, 123456, True, True)
ROW = Row(12345, None, StopReason.EXCEPTION, 3, 12, -1.4721, (("w", 7.3159, -123456.789),), 2, "w = -1.4721")


def one(text: Text | None) -> Lines:
    return [] if text is None else list(text.split("\n", allow_blank=True))


def over_columns(text: str, width: int) -> Lines:
    row, name = poisoned(ROW, text), f"w{text}"
    shown = timeline.columns(name, f"l{text}", 5, width)
    look = timeline.TimelineStyle(here=True, leaving=(1, 2, 3))
    return [
        timeline.header(shown, width),
        timeline.row_line(shown, row, None, width, look),
        timeline.row_line(shown, replace(row, edit="", phase=stops.BACKWARD.phase), row, width),
    ]


def over_the_tape(text: str, width: int) -> Lines:
    lines = []
    for tape in (handmade_tapes.lecture(), handmade_tapes.deep(3, 2)):
        hard = poisoned(tape, text)
        folding = Folding()
        folding.load(hard)
        table = Table(hard, None, folding)
        lines += [table.header(width), *(table.line(at, width, at == 1) for at in range(len(folding.rows())))]
    return lines


def over_chains(text: str, width: int) -> Lines:
    tape = poisoned(handmade_tapes.lecture(), text)
    chains = [known for at in range(len(tape.values)) if (known := chain_of(_named(tape), at))]
    return [line for each in chains for line in (*chain.lines(each, width), chain.headline(each, width))]


def _named(tape: handmade_tapes.Tape) -> handmade_tapes.Tape:
    """What a tape's nodes are recognised by is not the script's."""
    return replace(tape, nodes=tuple(replace(each, name=each.name[:14]) for each in tape.nodes))


def over_a_drawing(text: str, width: int) -> Lines:
    graph = Graph(poisoned(handmade_tapes.residual(), text))
    lines = drawing.draw(graph)
    assert all(each.cell_len <= graph.width for each in lines)
    return [fit.cut(source.scrolled(each, at), width) for each in lines for at in (0, 1, 7)]


def over_source(text: str, width: int) -> Lines:
    code = f"x = {text}\nl.backward()  # {text}"
    before = source.gutter(1, 2, None, True, False, "●")
    lines = []
    for all_code in (source.uncoloured(code), source.highlight(code)):
        for each in all_code:
            shown = source.scrolled(source.marked(each, poisoned(OP, text)), 3)
            lines.append(source.source_line(before, shown, width, True, False))
    return lines


RENDERERS: dict[str, Renderer] = {
    "lists.branchlist.branch_list": lambda _text, width: one(
        branchlist.branch_list([Branch(0, None, -1), Branch(12, 0, 123456)], 12, lambda _branch: 1234567, width)
    ),
    "lists.breakpoints.ready_line": lambda text, width: [
        breakpoints.ready_line(poisoned(breakpoints.Ready("nan", "a loss is nan"), text), 9, width, True)
    ],
    "lists.breakpoints.breakpoint_line": lambda text, width: [
        breakpoints.breakpoint_line(poisoned(LISTED, text), 2, width, True)
    ],
    "lists.breakpoints.empty_list": lambda _text, width: one(breakpoints.empty_list(width)),
    "lists.candidates.listed": lambda text, width: one(candidates.listed([text, "w", f"w{text}"] * 9, width)),
    "lists.checked.check_sheet": lambda text, width: [
        line
        for known in (None, poisoned(CHECK, text), poisoned(replace(CHECK, reason=""), text), replace(CHECK, reason=""))
        for line in one(checked.check_sheet(known, width))
    ],
    "lists.evaluated.evaluated": lambda text, width: [
        fit.cut(line, max(width, 0))
        for known in (Evaluated(text, False, None), Evaluated("7.3159", False, None))
        if (said := evaluated.evaluated(known, text, width)) is not None
        for line in one(said)
    ],
    "lists.evaluated.evaluated_sheet": lambda text, width: one(
        evaluated.evaluated_sheet(Evaluated(f"{text}\n7.3159", True, None), text, width)
    ),
    "lists.help.help_text": lambda text, width: one(help.help_text([text, "w"], width)),
    "lists.inspected.inspected": lambda text, width: one(
        inspected.inspected(poisoned(Inspected("w", (("type", "Tensor"), ("数", "7.3159")), "[7.3159]"), text), width)
    ),
    "lists.inspected.names_line": lambda text, width: [inspected.names_line(["w", text], text, width)],
    "lists.watches.watch_line": lambda text, width: [
        watches.watch_line(each, watches.column(poisoned(FULL, text).watches, width), width)
        for each in poisoned(FULL, text).watches
    ],
    "lists.watches.watch_sheet": lambda text, width: one(watches.watch_sheet(poisoned(FULL, text).watches, width)),
    "plot.compared.compared": lambda _text, width: [compared.compared(ROW, replace(ROW, index=3), 1, width)],
    "plot.curve.caption": lambda text, width: [fit.piece(curve.caption(poisoned(CURVE, text), width))],
    "plot.legend.title": lambda text, width: [legend.title(poisoned(CALLED, text), width)],
    "plot.legend.subtitle": lambda text, width: [legend.subtitle(poisoned(CALLED, text), width)],
    "stop.cards.ledger": lambda text, width: [
        cards.ledger(poisoned(FULL, text), f"w{text}", width),
        cards.ledger(poisoned(FULL, text), f"model.0.weight{text}", width),
    ],
    "stop.cards.chooser": lambda text, width: [cards.chooser([text, "w", f"w{text}", "b"], "w", width)],
    "stop.console.console_line": lambda text, width: [
        console.console_line(part, width) for parts in _transcript(text).wrapped(width) for part in parts
    ],
    "stop.footer.openable": lambda text, width: one(
        footer.openable(footer.message(fit.piece(text), max(width - 2, 0)), width)
    ),
    "stop.footer.footer": lambda _text, width: [footer.footer({"next"}, width), footer.footer({"in"}, width, True)],
    "stop.footer.typing": lambda _text, width: [footer.typing(width)],
    "stop.footer.message": lambda text, width: [
        line
        for said in (
            footer.stopped(poisoned(FULL, text)),
            footer.stopped(poisoned(replace(FULL, failure=None), text)),
            footer.refused(text, f"press f {text}"),
            footer.dead(text),
        )
        for line in one(footer.message(said, width))
    ],
    "stop.headway.headway": lambda _text, width: [headway.headway(headway.Headway(1234567, 0.5, 1234.5), width)],
    "stop.phasebar.phase_bar": lambda _text, width: [phasebar.phase_bar(stops.PROGRAM, FULL, width, {FULL.phase})],
    "stop.phasebar.upcoming": lambda text, width: [
        phasebar.upcoming(poisoned(FULL, text), width),
        phasebar.upcoming(poisoned(INSIDE, text), width),
    ],
    "stop.source.source_line": over_source,
    "stop.timeline.columns": over_columns,
    "stop.timeline.header": over_columns,
    "stop.timeline.row_line": over_columns,
    "stop.timeline.branch_line": lambda _text, width: [timeline.branch_line([*range(99)], 50, 12, width)],
    "stop.title.title": lambda text, width: [
        title.title(
            text,
            title.Progress(123, 456, 78901, 234567, 9, 9),
            title.TimelinePosition(5, 123456, 2, 3),
            True,
            state,
            width,
        )
        for state in ("ready", f"playing {text}")
    ],
    "tape.chain.lines": over_chains,
    "tape.chain.headline": over_chains,
    "tape.drawing.draw": over_a_drawing,
    "tape.inside.what_it_did": lambda text, width: [
        inside.what_it_did(poisoned(each, text), poisoned(OP, text), width)
        for each in (INSIDE, replace(INSIDE, failure=stops.FAILURE))
    ],
    "tape.inside.about": lambda text, width: [
        inside.about(poisoned(each, text), width) for each in (OP, replace(OP, node=2), replace(OP, node=2, opaque=""))
    ],
    "tape.sheets.op_sheet": lambda text, width: one(sheets.op_sheet(poisoned(OP, text), width)),
    "tape.tape.Table.columns": over_the_tape,
    "tape.tape.Table.header": over_the_tape,
    "tape.tape.Table.line": over_the_tape,
    "text.brief.brief": lambda text, width: [
        fit.piece(brief.brief(poisoned(each, text), width)) for each in (*WORDS, *(each.value for each in PARAMS))
    ],
    "text.fit.cut": lambda text, width: [fit.cut(fit.piece(text.replace("\n", " ")), width)],
    "text.fit.cut_lines": lambda text, width: one(fit.cut_lines(fit.piece(text), width, 3)),
    "text.fit.first_that_fits": lambda text, width: [fit.first_that_fits([fit.piece(text)], width)],
    "text.fit.spread": lambda text, width: [fit.spread(fit.piece(text), fit.piece(f"right {text}"), width)],
    "text.fit.wrap": lambda text, width: fit.wrap(fit.piece(text), width),
    "text.fit.wrapped_text": lambda text, width: one(fit.wrapped_text(fit.piece(text), width)),
}
"""By module and name."""
OTHERWISE = {
    "lists.watches.column": "says a width",
    "plot.curve.over_parameter": "test_plots_stay_in_their_frame",
    "plot.curve.over_steps": "test_plots_stay_in_their_frame",
    "plot.plot.frame": "test_plots_stay_in_their_frame",
    "plot.series.over": "test_plots_stay_in_their_frame",
    "stop.cards.card": "test_cards_fit",
    "stop.cards.sample_card": "test_cards_fit",
    "stop.console.Transcript.wrapped": "parts of lines, which console_line draws",
    "stop.footer.refused": "for message, which has the width", "stop.footer.dead": "for message",
    "stop.footer.restart_asks": "for message", "stop.footer.and_dropped": "for message",
    "stop.footer.stopped": "for message", "stop.footer.seen_anew": "for message",
    "stop.line.line": "plain mode's line, as long as it is",
    "stop.source.gutter": "for source_line", "stop.source.scrolled": "for source_line",
    "stop.source.marked": "for source_line", "stop.source.uncoloured": "for source_line",
    "stop.source.highlight": "for source_line",
    "tape.sheets.tape_lines": "plain mode's lines",
    "text.brief.drawn": "at its least it is as wide as a shape",
    "text.fit.piece": "has no width", "text.fit.centered": "does not cut", "text.fit.wrapped_height": "says a height",
}  # fmt: skip
"""Why they are not walked through here."""


def _transcript(text: str) -> console.Transcript:
    transcript = console.Transcript()
    transcript.add(f"7.3159 {text}\n{text}", console.LineKind.OUTPUT)
    transcript.add(text, console.LineKind.ERROR)
    return transcript


def _public() -> set[str]:
    """What of the room draws: what knows of a width, and what makes text."""
    found = set()
    for each in pkgutil.walk_packages(bptui.render.__path__, "bptui.render."):
        module = importlib.import_module(each.name)
        short = each.name.removeprefix("bptui.render.")
        for name, known in vars(module).items():
            if name.startswith("_") or getattr(known, "__module__", "") != each.name or short == "text.cells":
                continue
            members = [(name, known)] if inspect.isfunction(known) else []
            if inspect.isclass(known):
                members = [(f"{name}.{inner}", each) for inner, each in vars(known).items() if inspect.isfunction(each)]
            for called, function in members:
                said = inspect.signature(function)
                draws = "width" in said.parameters or "Text" in str(said.return_annotation)
                if draws and "._" not in f".{called}":
                    found.add(f"{short}.{called}")
    return found


def test_no_renderer_is_left_out() -> None:
    assert _public() == {*RENDERERS, *OTHERWISE}


def check(lines: Lines, width: int) -> None:
    for each in lines:
        assert "\n" not in each.plain
        assert width_of(each.plain) <= width
        assert not UNSAFE.search(each.plain)
        assert "PWNED" not in each.plain


@pytest.mark.parametrize("name", RENDERERS)
def test_every_renderer_ends_fits_and_is_safe(name: str) -> None:
    with nasty.ending():
        for text in (*SHAPES.values(), STRAY, " ".join(COMMANDS.values())):
            for width in WIDTHS:
                check(RENDERERS[name](text, width), width)


def test_cards_fit() -> None:
    with nasty.ending():
        for text in (*SHAPES.values(), " ".join(COMMANDS.values())):
            full = poisoned(FULL, text)
            for width in WIDTHS:
                for height in HEIGHTS:
                    for drawn in _cards(full, text, width, height):
                        check(one(drawn), width)


def _cards(full: stops.Snapshot, none: str, width: int, height: int) -> Lines:
    facts = [None, *(each.fact for each in full.values), *(each.value for each in full.params)]
    drawn = [cards.card(now, Change("w", facts[-1]), width, height, none) for now in facts]
    return [*drawn, cards.sample_card(full.values, 2, (), width, height, none)]


@pytest.mark.parametrize("width", [*range(4, 45), 60, 80, 200])
def test_plots_stay_in_their_frame(width: int) -> None:
    for height in (4, 5, 9, 30):
        losses = Losses([7.3159, -1.4721e-5, 123456.789])
        lines = [over_steps.Series([(at, -1.4721 * at, 7.3159 * at) for at in range(0, 100_000, 999)])]
        look = over_steps.SeriesStyle(0, 123456, here=999, value=7.3159, forks=((999, 12),))
        plots = (
            curve.over_parameter(CURVE, [(1.5, 7.3)], width, height),
            curve.over_steps(losses, width, height),
            over_steps.over(lines, look, width, height),
            over_steps.over(lines, replace(look, log=True), width, height),
        )
        for plot in plots:
            inside_of(plot, width, height)


def inside_of(plot: Plot, width: int, height: int) -> None:
    """All of it is to be seen: a word of which some is out of sight would be another word."""
    for x, y, text, _style in plot.words:
        assert x >= 0
        assert x + width_of(text) <= width, text
        assert 0 <= y < height
