"""The corpus: scripts as people write them print stepped exactly what they print when run plainly.

`corpus/ok` must be stepped; `corpus/refused` is refused with line and reason; `corpus/either` may be refused, but what
is not refused must be stepped right. A script's comments say what style it shows (`# style:`), where it has fewer than
the four phases (`# phases:`), and its parameters' names (`# params:`) where they are easily got wrong.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.conftest import Ask

CORPUS = Path(__file__).parent / "corpus"
OK = sorted((CORPUS / "ok").glob("*.py"))
EITHER = sorted((CORPUS / "either").glob("*.py"))
REFUSED = sorted((CORPUS / "refused").glob("*.py"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the corpus is run in forked children")


def scripts(*paths: Path) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


@pytest.fixture(scope="module")
def plain(ask: Ask) -> Callable[[Path], dict[str, Any]]:
    """What a script prints when run plainly; each is run once."""

    @functools.cache
    def plain(path: Path) -> dict[str, Any]:
        result = ask("plain", path)
        assert alive(result)["status"] == 0, result
        assert result["stdout"], "a script of the corpus prints its progress"
        return result

    return plain


def header(path: Path, word: str, otherwise: set[str]) -> set[str]:
    """What a comment at the script's head says is to be seen."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"# {word}: "):
            return set(line.split()[2:])
    return otherwise


def alive(result: dict[str, Any]) -> dict[str, Any]:
    """Nothing was raised, and the child left its result."""
    assert "raised" not in result, result["traceback"]
    assert not result["died"], f"died with status {result['died']}\n{result['trouble']}{result['stderr']}"
    assert not result["trouble"], result["trouble"]
    return result


def same(result: dict[str, Any], plain: dict[str, Any]) -> None:
    """It went to the end and printed the same."""
    assert result["failure"] is None, result["failure"]
    assert result["printed"] == plain["stdout"]
    assert result["errors"] == plain["stderr"]
    assert result["stdout"] == "", "something was printed past the snapshots"
    assert result["reason"] == "end"
    assert result["next"] is None


@scripts(*OK)
def test_stepped_it_prints_what_it_prints_when_run_plainly(path: Path, ask: Ask, plain) -> None:
    result = alive(ask("step", path))
    same(result, plain(path))
    assert header(path, "phases", {"forward", "backward", "update", "zero_grad"}) <= set(result["phases"])
    assert header(path, "params", set(result["params"])) == set(result["params"])


@scripts(*OK)
def test_stepped_into_it_prints_the_same(path: Path, ask: Ask, plain) -> None:
    same(alive(ask("inside", path)), plain(path))


@scripts(*OK)
def test_run_to_the_end_it_prints_the_same(path: Path, ask: Ask, plain) -> None:
    same(alive(ask("run", path)), plain(path))


@pytest.mark.parametrize("seed", range(2))
@scripts(*OK)
def test_out_of_order_it_refuses_or_steps_and_restarts_as_new(path: Path, seed: int, ask: Ask, plain) -> None:
    result = alive(ask("walk", path, seed=seed))
    walked = result["walked"]
    if walked["next"] is not None:  # the script's own code cannot go on after what was asked for: it says so
        assert walked["reason"] == "exception"
        assert walked["failure"]
    same(result, plain(path))


@scripts(*EITHER)
def test_what_is_hard_to_cut_is_refused_or_stepped_right(path: Path, ask: Ask, plain) -> None:
    result = ask("step", path)
    if result.get("raised") == "CannotCut":
        assert result["line"] is not None, result["message"]
        return
    same(alive(result), plain(path))


@scripts(*REFUSED)
def test_what_cannot_be_cut_is_refused_with_line_and_reason(path: Path, ask: Ask) -> None:
    where, _, words = path.read_text(encoding="utf-8").splitlines()[0].partition(": ")
    result = ask("step", path)
    assert result.get("raised") == "CannotCut", result
    assert words in result["message"]
    assert result["line"] == (None if where == "# no line" else int(where.removeprefix("# line ")))
    assert result["stdout"] == "", "a refused script has not run"


@scripts(*OK)
def test_what_is_said_of_its_first_steps_is_true(path: Path, ask: Ask) -> None:
    assert alive(ask("said", path))["wrong"] == []
