"""Every equation that is shown inside of a phase holds when it is computed again: in the lessons, in the corpus, and in
programs made for it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import bptui.lessons
from bptui.protocol.tape import Op
from tests.engine.conftest import CORPUS, Ask
from tests.engine.tape.net import Found, sentence

LESSONS = sorted(path for path in Path(bptui.lessons.__file__).parent.glob("*.py") if path.stem != "__init__")
PROGRAMS = sorted((Path(__file__).parent / "tape" / "programs").glob("*.py"))
SCRIPTS = [*sorted((CORPUS / "ok").glob("*.py")), *sorted((CORPUS / "either").glob("*.py"))]

AT_LEAST = 100
"""So many sides of equations are evaluated in each lesson and program: the net is none with holes only."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the scripts are run in forked children")


@pytest.mark.parametrize("path", [*LESSONS, *PROGRAMS], ids=lambda path: path.stem)
def test_each_equation_of_a_lesson_holds(ask: Ask, path: Path) -> None:
    answer = ask("equations", path, most=300, accumulating=True)
    assert answer.get("wrong") == [], answer
    assert answer["sides"] >= AT_LEAST


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_each_equation_of_the_corpus_holds(ask: Ask, path: Path) -> None:
    answer = ask("equations", path, most=80, accumulating=False)
    if answer.get("raised") == "CannotCut":
        pytest.skip("it cannot be stepped")
    assert answer.get("wrong") == [], answer


@pytest.mark.parametrize(
    "text",
    [
        "backward 4/7: AddBackward0: ∂loss/∂b = [-4, -6, -8] · 1 = -18",
        "backward 1/5: MulBackward0: ∂loss/∂%3 = 1 · ((w * 2 - 8) ** 2) = 1 · 0.5",
        "backward 2/7: TanhBackward0: ∂loss/∂w = 0.5 · 1 - tanh²(w) = 0.5 · 0.0706508 = 0.0353254",
    ],
)
def test_what_was_once_shown_is_caught(text: str) -> None:
    op = Op(0, 1, text.split(": ")[1], 0, 0, "", None, "", (), (), (), (), (), (), "")
    found = Found()
    sentence(text, op, {"w": 2.0, "(w * 2 - 8)": -4.0, "((w * 2 - 8) ** 2)": 16.0}, "here", found)
    assert found.wrong
