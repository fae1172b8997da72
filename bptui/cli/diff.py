"""`bptui diff`: two recorded runs side by side, on the screen or in words."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bptui.cli.parser import Parser
from bptui.render.text.gate import say
from bptui.trace.diff import BranchRef, Tolerance, first_difference, headline, report
from bptui.trace.errors import NotATrace
from bptui.trace.moves import main_branch
from bptui.trace.recorded import RecordedSession
from bptui.trace.timeline import Timeline

DIFFERENT = 1
"""The exit status when two traces differ."""
Show = Callable[[RecordedSession, str, str], object]
"""Shows a session on the screen, under a title and with a source, until that is left."""


def run(arguments: list[str], show: Show | None) -> int:
    """Compare two traces, and show the first difference on the screen, or without one in words.

    Returns 0 if there is none, else 1.

    Raises:
        NotATrace: one of them cannot be read.
    """
    options = _parser().parse_args(arguments)
    with ExitStack() as files:
        one, other = (_way(name, files) for name in options.traces)
        difference = first_difference(one, other, Tolerance(options.rtol, options.atol))
        if difference is None or options.text or show is None:
            for line in report(one, other, difference):
                say(line)
            return 0 if difference is None else DIFFERENT

        path = one.timeline.path
        assert path is not None
        at = one.branch, min(difference.index, one.last)
        session = RecordedSession(path, at, f"{one.name} and {other.name}: {headline(difference)}")
        try:
            show(session, path.name, session.program.source)
        finally:
            session.close()
    return DIFFERENT


def _way(name: str, files: ExitStack) -> BranchRef:
    """A trace's branch: of `run.bptrace` the one that goes furthest, of `run.bptrace:1` number 1."""
    path, colon, number = name.rpartition(":")
    if not colon or not number.isdecimal() or Path(name).exists():
        path, number = name, ""
    if not Path(path).is_file():
        raise NotATrace(f"there is no file {path}.")
    timeline = Timeline.open(Path(path))
    files.callback(timeline.close)
    branch = int(number) if number else main_branch(timeline)
    if all(each.number != branch for each in timeline.branches):
        raise NotATrace(f"{path} has no branch {branch}: they are numbered 0 to {len(timeline.branches) - 1}.")
    return BranchRef(name, timeline, branch)


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="bptui diff",
        description="Walk through two recorded runs and stop at the first step at which they differ: in the phase, the"
        " place in the data, the loss, or a parameter or its gradient.",
        epilog="The exit status is 0 if they are the same, 1 if they differ, 2 if one cannot be read.",
    )
    parser.add_argument(
        "traces", nargs=2, metavar="TRACE", help="a file, or FILE:N for branch N; else the branch that goes furthest"
    )
    tolerance = "numbers count as equal that are no further apart than"
    parser.add_argument("--rtol", type=_at_least_0, default=0.0, help=f"{tolerance} this times the larger one")
    parser.add_argument("--atol", type=_at_least_0, default=0.0, help=f"{tolerance} this")
    parser.add_argument("--text", action="store_true", help="say it in words also in a terminal")
    return parser


def _at_least_0(text: str) -> float:
    number = float(text)
    if not number >= 0:
        raise argparse.ArgumentTypeError(f"{text} is not a tolerance")
    return number
