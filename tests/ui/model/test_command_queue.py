"""What was typed while the program was busy, without a screen."""

from __future__ import annotations

from bptui.protocol.phase import Goal, Phase
from bptui.protocol.requests import Ask, Back, Do, Evaluate, GoTo, Next, Run, SetValue, SetZeroing, Step
from bptui.protocol.tape import Move
from bptui.ui.model.command_queue import CommandQueue, Later


def taken(queue: CommandQueue, inside: bool = False) -> list[tuple[type, dict[str, object]] | Later]:
    """All that waits, in order."""
    all_of_it: list[tuple[type, dict[str, object]] | Later] = []
    while queue:
        what = queue.take(inside)
        all_of_it.append(what if callable(what) else (type(what), vars(what)))
    return all_of_it


def filled(*asks: Ask | Later) -> CommandQueue:
    queue = CommandQueue()
    for each in asks:
        queue.add(each)
    return queue


def test_what_waits_is_taken_in_order() -> None:
    def later() -> None:
        return None

    queue = filled(Do(Phase.FORWARD), later, Do(Phase.BACKWARD), Do(Phase.FORWARD))
    assert len(queue) == 4
    assert taken(queue) == [
        (Do, {"phase": Phase.FORWARD}), later, (Do, {"phase": Phase.BACKWARD}), (Do, {"phase": Phase.FORWARD}),
    ]  # fmt: skip


def test_several_next_are_one_run_of_so_many_steps_and_several_back_one_way_back() -> None:
    queue = filled(*[Next() for _ in range(21)], *[Back() for _ in range(3)], Next())
    assert len(queue) == 25
    assert taken(queue) == [(Run, vars(Run(Goal.END, 21))), (Back, {"steps": 3}), (Next, {})]


def test_inside_a_phase_each_is_a_single_move() -> None:
    assert taken(filled(Next(), Next()), inside=True) == [(Next, {})] * 2
    assert taken(filled(Back(), Back()), inside=True) == [(Back, {"steps": 1})] * 2


def test_what_has_no_count_of_its_own_is_asked_for_again_and_again() -> None:
    queue = CommandQueue()
    queue.add(Step(Move.IN), 2)
    queue.add(Step(Move.IN))
    assert len(queue) == 3
    assert taken(queue) == [(Step, {"move": Move.IN})] * 3


def test_dropping_says_how_many_commands_there_were() -> None:
    queue = filled(Next(), Next(), GoTo(3))
    assert queue.drop() == 3
    assert not queue
    assert queue.drop() == 0


def test_what_moves_nothing_may_stay_up_to_the_first_that_moves_something() -> None:
    def later() -> None:
        return None

    queue = filled(later, SetZeroing(False), Evaluate("w"), Next(), Next(), SetValue("lr", "0.1"))
    assert queue.drop_moves() == 3
    assert [each if callable(each) else each[0] for each in taken(queue)] == [later, SetZeroing, Evaluate]
    assert filled(later).drop_moves() == 0
