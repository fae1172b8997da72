"""A loop that has not all four phases: what it has not is refused, and no hint names it."""

from __future__ import annotations

import pytest

from bptui.engine.errors import StepRefused
from bptui.protocol.phase import Phase
from tests.engine.conftest import OpenScript

GRAPH_FROM_OUTSIDE = """
    import torch
    w = torch.tensor(1.0, requires_grad=True)
    loss = (w - 3) ** 2
    for k in range(3):
        loss.backward({})
        w.data -= 0.1 * w.grad
        w.grad = None
        print("end of", k)
"""


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 4])
def test_a_forward_that_the_loop_has_not_is_refused_and_nothing_runs(open_script: OpenScript, steps: int) -> None:
    controller = open_script(GRAPH_FROM_OUTSIDE.format("retain_graph=True"))
    for _ in range(steps):
        controller.next()
    before = controller.snapshot
    with pytest.raises(StepRefused, match="The script's loop has no forward") as refused:
        controller.do(Phase.FORWARD)
    assert "forward" not in refused.value.hint
    assert controller.snapshot is before
    assert controller.next().phase is not Phase.FORWARD


def test_a_backward_needs_no_forward_where_the_loop_has_none(open_script: OpenScript) -> None:
    controller = open_script(GRAPH_FROM_OUTSIDE.format("retain_graph=True"))
    assert controller.do(Phase.BACKWARD).phase is Phase.BACKWARD
    assert controller.do(Phase.BACKWARD).params[0].grad is not None


def test_a_graph_that_was_freed_cannot_be_computed_anew_without_a_forward(open_script: OpenScript) -> None:
    controller = open_script(GRAPH_FROM_OUTSIDE.format(""))
    controller.next()
    with pytest.raises(StepRefused, match="second time") as refused:
        controller.do(Phase.BACKWARD)
    assert "`forward`" not in refused.value.hint
    assert "retain_graph=True" in refused.value.hint


@pytest.mark.parametrize("phase", [Phase.UPDATE, Phase.ZERO_GRAD])
def test_so_is_any_other_phase(open_script: OpenScript, phase: Phase) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor(1.0, requires_grad=True)
        for x in (1.0, 2.0, 3.0):
            loss = (w * x - 3) ** 2
            loss.backward()
        """
    )
    controller.next()
    with pytest.raises(StepRefused, match=f"The script's loop has no {phase}"):
        controller.do(phase)
