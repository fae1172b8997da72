"""Where a breakpoint is in the script: which blocks a line or a phase means."""

from __future__ import annotations

import ast

from bptui.engine.compiler import syntax
from bptui.engine.compiler.tree import Block, Role
from bptui.engine.interpreter.script import Script
from bptui.protocol.breakpoint import Breakpoint
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import BlockInfo


class Nowhere(Exception):
    """A breakpoint's place does not exist. The message is one sentence."""


def blocks_at(script: Script, definition: Breakpoint) -> tuple[set[int], str]:
    """The blocks that a phase and a line mean, by index; and where they are, if not at that line.

    Raises:
        Nowhere: there are none.
    """
    _check_loops(script, definition)
    blocks = script.blocks
    if definition.phase is not None:
        blocks = [block for block in blocks if block.phase is definition.phase]
        if not blocks:
            raise Nowhere(f"The script's loop has no {definition.phase}.")
    if definition.line is None:
        return {block.index for block in blocks}, ""
    infos = script.program.blocks
    found = {block.index for block in blocks if definition.line in infos[block.index].lines}
    if found:
        return found, ""
    return _near(script, blocks, definition.line, definition.phase)


def _check_loops(script: Script, definition: Breakpoint) -> None:
    roles = {loop.role for block in script.blocks for loop in block.loops}
    if definition.epoch is not None and Role.EPOCH not in roles:
        raise Nowhere("The script has no loop over epochs.")
    if definition.sample is not None and Role.SAMPLE not in roles:
        raise Nowhere("The script has no loop over samples.")
    for name, number in (("epoch", definition.epoch), ("sample", definition.sample)):
        if number is not None and number < 0:
            raise Nowhere(f"There is no {name} {number}: they count from 0.")


def _near(script: Script, blocks: list[Block], line: int, phase: Phase | None) -> tuple[set[int], str]:
    """What a line means that no block covers: the blocks that call the function around it, else the block behind it."""
    infos = script.program.blocks
    count = len(script.source.splitlines())
    if not 1 <= line <= count:
        raise Nowhere(f"The script has no line {line}: it has {count}.")
    if any(line in info.lines for info in infos):
        raise Nowhere(f"Line {line} is not of a {phase}.")
    names = _functions_at(script.tree, line)
    callers = {block.index for block in blocks if names & _mentioned(script.tree, block)}
    if names and callers:
        return callers, f"Line {line} runs within {_listed([infos[index] for index in sorted(callers)])}."
    behind = [block for block in blocks if block.line > line]
    if not behind:
        raise Nowhere(f"No phase runs at line {line} or below it.")
    first = min(behind, key=lambda block: block.line)
    return {first.index}, f"Line {line} runs no phase: it stops at line {first.line}, {first.phase}."


def _listed(infos: list[BlockInfo]) -> str:
    return ", ".join(f"{info.phase}, line {info.line}" for info in infos)


def _functions_at(tree: ast.Module, line: int) -> set[str]:
    """The functions around a line, with the classes they are of, and the functions that call them."""
    functions = [each for each in ast.walk(tree) if isinstance(each, (ast.FunctionDef, ast.ClassDef))]
    names = {each.name for each in functions if each.lineno <= line <= (each.end_lineno or each.lineno)}
    grown = bool(names)
    while grown:
        more = {each.name for each in functions if names & _names(each)} - names
        names |= more
        grown = bool(more)
    return names


def _mentioned(tree: ast.Module, block: Block) -> set[str]:
    """The names in a block's statements, and those of the classes whose objects they name."""
    names = set().union(*map(_names, block.statements))
    classes = {each.name for each in ast.walk(tree) if isinstance(each, ast.ClassDef)}
    for each in ast.walk(tree):
        if isinstance(each, ast.Assign) and names & {root for target in each.targets if (root := syntax.root(target))}:
            names |= classes & _names(each.value)
    return names


def _names(node: ast.AST) -> set[str]:
    found = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return found | {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
