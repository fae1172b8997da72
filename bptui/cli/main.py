"""Arguments to a session, and the session to the screen or to plain text. No torch, and textual only for the screen."""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import signal
import sys
import tokenize
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from bptui import __version__
from bptui.cli.encoding import complaint
from bptui.cli.parser import Parser
from bptui.commands.table import COMMANDS
from bptui.render.text.gate import complain, say
from bptui.trace.errors import CannotRecord, NotATrace
from bptui.trace.files import looks_like_one

if TYPE_CHECKING:
    from bptui.session.live import Session

LESSONS = Path(__file__).parents[1] / "lessons"
DEFAULT_LESSON = "linear"
CANNOT = 2
"""The exit status when there is nothing to step."""

EXAMPLES = """\
examples:
  bptui                               step through the built-in lesson: y = x * w by hand
  bptui train.py --lr 0.1             step through your own script; what follows it are its arguments
  bptui --python env/bin/python train.py
                                      let another Python run the script; it needs torch, not bptui
  bptui lessons                       list the lessons; bptui NAME opens one
  bptui help breakpoints              read a page of the manual; bptui help lists them
  bptui --record run.bptrace train.py keep the timeline in a file
  bptui run.bptrace                   step through a recorded run; no torch is needed
  bptui diff a.bptrace b.bptrace      stop at the first step at which two recorded runs differ
  echo 'next 4' | bptui --json        four steps as JSON, without a screen
"""


class CannotOpen(Exception):
    """There is nothing to step; the message is one sentence."""


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit status."""
    options = _parser().parse_args(arguments)
    what = options.script
    try:
        if what[:1] == ["lessons"]:
            return _list_lessons(what[1:])
        if what[:1] == ["help"]:
            from bptui.cli import manual

            return manual.run(what[1:])
        if what[:1] == ["diff"]:
            from bptui.cli import diff as differing

            return differing.run(what[1:], _show if _is_terminal() else None)
        path = _find(what[0] if what else DEFAULT_LESSON)
        session, source = _session(path, options)
    except (CannotOpen, CannotRecord, NotATrace) as reason:
        complain(str(reason))
        return CANNOT
    try:
        if options.plain or options.json:
            from bptui.plain import mode as plain

            return plain.run(session, as_json=options.json, remembers=options.remembered)
        return _show(session, path.name, source)
    finally:
        session.close()
        if session.timeline.trouble:
            complain(session.timeline.trouble)


def _session(path: Path, options: argparse.Namespace) -> tuple[Session, str]:
    """What is to be stepped, and its source: a trace, or a script that runs.

    Raises:
        CannotOpen, CannotRecord, NotATrace: nothing is.
    """
    recorded = looks_like_one(path)
    source = "" if recorded else _read(path)
    python = _find_python(options.python)
    if not (options.plain or options.json):
        _check_terminal()
    if recorded:
        _check_no_run(path, options)
        from bptui.trace.recorded import RecordedSession

        run_before = RecordedSession(path)
        return run_before, run_before.program.source

    from bptui.session.live import LiveSession

    live = LiveSession(str(path), options.script[1:], python, record=options.record, memory=options.memory)
    return live, source


def _check_no_run(path: Path, options: argparse.Namespace) -> None:
    for name, given in (("--record", options.record), ("--python", options.python)):
        if given is not None:
            raise CannotOpen(f"{path} is a recorded run: nothing runs, so {name} makes no sense.")
    if len(options.script) > 1:
        raise CannotOpen(f"{path} is a recorded run: it takes no arguments.")


def _show(session: Session, title: str, source: str) -> int:
    """The screen, until it is left."""
    from bptui.ui.app import BptuiApp

    app = BptuiApp(session, title=title, source=source)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    app.run()
    return app.return_code or 0


def _leave(number: int, _frame: FrameType | None) -> None:
    """End by a signal, but give the terminal back first, which an exception does."""
    sys.exit(128 + number)


def _parser() -> argparse.ArgumentParser:
    keys = (f"{each.keys[0]} {each.label}" for each in COMMANDS if each.keys and len(each.keys[0]) == 1)
    parser = Parser(
        prog="bptui",
        description="A step debugger for PyTorch training: forward, backward, update, zero_grad, one at a time.",
        epilog=f"{EXAMPLES}\nkeys: {', '.join(keys)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="bptui [--plain | --json] [--python EXE] [--record FILE] [--memory MB] [SCRIPT [ARGS ...]]\n"
        "       bptui [--plain | --json] TRACE\n"
        "       bptui diff [--rtol X] [--atol X] [--text] TRACE TRACE\n"
        "       bptui lessons [NAME ...] | bptui help [TOPIC]",
    )
    parser.add_argument(
        "--plain", action="store_true", help="no screen: commands from stdin, a readable line for each stop"
    )
    parser.add_argument(
        "--json", action="store_true", help="as --plain, with a JSON object for each stop in place of the line"
    )
    parser.add_argument(
        "--remembered",
        action="store_true",
        help="where commands are piped: set the breakpoints and watches of earlier starts, and remember new ones",
    )
    parser.add_argument(
        "--python", metavar="EXE", help="the Python that runs the script (default: the one that runs bptui)"
    )
    parser.add_argument(
        "--record", metavar="FILE", type=Path, help="keep the timeline in this new file, which bptui opens again"
    )
    parser.add_argument(
        "--memory", metavar="MB", type=_megabytes, default=512, help="what going back may take, in MB (default: 512)"
    )
    parser.add_argument("--version", action="version", version=f"bptui {__version__}")
    parser.add_argument(
        "script",
        nargs=argparse.REMAINDER,
        metavar="SCRIPT [ARGS ...]",
        help=f"a training script or the name of a lesson (default: {DEFAULT_LESSON}), and the script's own arguments",
    )
    return parser


def _megabytes(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 1 << 20:
        raise argparse.ArgumentTypeError(f"{text} is not a number of megabytes")
    return int(text)


def _list_lessons(names: list[str]) -> int:
    """Print each lesson, or those of these names, with the first line of its docstring.

    Raises:
        CannotOpen: there is no lesson of such a name.
    """
    lessons = _lessons()
    for name in names:
        if name not in lessons:
            raise CannotOpen(f"there is no lesson {name}; bptui lessons lists them.")
    for name, path in lessons.items():
        if names and name not in names:
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        say(f"{name:<16} {docstring.partition(chr(10))[0]}")
    return 0


def _lessons() -> dict[str, Path]:
    return {path.stem: path for path in sorted(LESSONS.glob("*.py")) if path.stem != "__init__"}


def _find(what: str) -> Path:
    """The script of that path, or else the lesson of that name."""
    path = Path(what)
    if path.is_file():
        return path
    if path.is_dir():
        if (path / "__main__.py").is_file():
            raise CannotOpen(f"{what} is a directory: name the script in it, such as {path / '__main__.py'}.")
        if what not in _lessons():
            raise CannotOpen(f"{what} is a directory, not a script.")
    if what in _lessons():
        return _lessons()[what]
    if path.suffix == ".bptrace":
        raise CannotOpen(f"there is no file {what}.")
    if what.startswith("-"):
        raise CannotOpen(f"there is no option {what}; bptui --help lists the options.")
    raise CannotOpen(f"there is no script {what}, and no lesson of that name; bptui lessons lists the lessons.")


def _read(path: Path) -> str:
    try:
        with tokenize.open(path) as file:
            return file.read()
    except OSError as error:
        raise CannotOpen(f"{path} cannot be read: {error.strerror}.") from error
    except (SyntaxError, UnicodeDecodeError) as error:
        raise CannotOpen(f"{path} {complaint(path.read_bytes())}") from error


def _find_python(name: str | None) -> str | None:
    if name is None:
        return None
    found = shutil.which(name)
    if found is None:
        raise CannotOpen(f"--python {name}: there is no such program.")
    return os.path.abspath(found)


def _check_terminal() -> None:
    if not _is_terminal():
        raise CannotOpen("the screen needs a terminal; without one, use --plain or --json.")


def _is_terminal() -> bool:
    screen = (sys.stdin, sys.stdout, sys.stderr)  # Textual draws on standard error
    return all(each.isatty() for each in screen) and os.environ.get("TERM") != "dumb"
