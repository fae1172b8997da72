"""The gate between a script's text and a terminal: what would command the terminal does not get through.

A variable's name, an error's message or a line that was printed may hold escape sequences that set the title, write the
clipboard or wipe the screen, and characters that make text read otherwise than it is. All text that is shown has come
through here: on the screen as it becomes Rich's or Textual's text, in plain mode and on the command line as it is
printed. JSON does not need it: it escapes by itself.
"""

from __future__ import annotations

import re
import sys

ESCAPE = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # a string: a title, the clipboard
    r"|[\x90\x98\x9d-\x9f][^\x07\x1b\x80-\x9f\n]*(?:\x07|\x1b\\|\x9c)"  # the same in 8 bits, if it has an end
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # a control sequence: colours, the cursor
    r"|\x1b[ -/]*[0-~]?"  # any other
)
"""An escape sequence of a terminal, in 7 or 8 bits, as far as it is there."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""All of C0 and C1 but tab and newline."""
MISLEADING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What turns the direction of the text around it, and half characters, which no terminal can be sent."""
STRAY = re.compile("\u200d(?=[\x00-\x7f\u200d]|$)|(?<![^\x00-\x7f\u200d])\u200d")
"""A joiner that does not stand between two signs that it could join would join, or hide, what is printed beside it."""
LINE_ENDS = str.maketrans("\u2028\u2029", "  ")
"""What some take for the end of a line, and others do not."""


def gated(text: str) -> str:
    """The text as it may go to a terminal: escape sequences and controls are left out, what misleads is spelled out.

    Tab and newline stay; `\\u202e` stands for the character that turns the direction.
    """
    if text.isprintable():
        return text
    text = CONTROL.sub("", ESCAPE.sub("", text)).translate(LINE_ENDS)
    text = STRAY.sub("", text)
    return MISLEADING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def say(text: str) -> None:
    """Print a line, or several, on standard output."""
    print(gated(text), flush=True)


def complain(text: str) -> None:
    """Say what is wrong, in one sentence, on standard error."""
    print(f"bptui: {gated(text)}", file=sys.stderr)


def harmless(text: str) -> str:
    """The same with as many characters as before: for text that was measured, whose writer should have gated it."""
    return text if text.isprintable() else MISLEADING.sub("\ufffd", CONTROL.sub("\ufffd", text))


def one_line(text: str) -> str:
    """The same with one blank in the place of all that stands between two words, line ends too."""
    return " ".join(gated(text).split())
