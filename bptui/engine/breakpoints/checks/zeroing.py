"""The ready-made checks of when gradients are zeroed: too late, and too early."""

from __future__ import annotations

from typing import Any

from bptui.engine.breakpoints.checks.base import Check, Troubles, written
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.tensors.facts import grad_of
from bptui.engine.tensors.measures import is_zero
from bptui.protocol.phase import Phase

Written = tuple[int, int] | None


class Forgotten(Check):
    """Updates with a gradient that has parts from before an earlier update.

    Either its own update used it before; or another backward had added to it before another update, as a generator's
    loss does to a discriminator's gradients. One backward for two optimizers is neither, nor is one backward that adds
    up over several iterations while another optimizer's updates come in between.
    """

    phases = tuple(Phase)
    compares = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._used: set[str] = set()
        """Parameters whose gradient an update has used and nothing has zeroed since."""
        self._added: dict[str, dict[int, bool]] = {}
        """By parameter: which backwards, by their block, added to its gradient; and whether an update came since."""
        self._known: dict[str, Written] = {}

    def found(self, run: RunBlock) -> Troubles | None:
        wrong = None
        if run.phase is Phase.UPDATE:
            updated = [name for name, tensor in self.updates.of(run) if self.updates.changed(name, tensor) is not False]
            wrong = {
                name: f"the update uses a {name}.grad with parts left from before an earlier update"
                for name in updated
                if name in self._used or self._is_mixed(name)
            }
        for name, tensor in self.recorder.parameters.items:
            gradient = grad_of(tensor)
            present, before = written(gradient), self._known.get(name)
            self._known[name] = present
            anew = before is not None and present is not None and present[0] != before[0]
            # `.grad.data.zero_()` goes around the count of writes: what may be stale is looked at in any case
            if name in self._added and (gradient is None or anew or is_zero(gradient)):
                self._used.discard(name)
                del self._added[name]
            if run.phase is Phase.BACKWARD and gradient is not None and present != before and not is_zero(gradient):
                self._added.setdefault(name, {})[run.block.index] = False
        if run.phase is Phase.UPDATE:
            self._used.update(name for name in updated if name in self._added)
            for blocks in self._added.values():
                blocks.update(dict.fromkeys(blocks, True))
        return wrong

    def _is_mixed(self, name: str) -> bool:
        """Whether one backward added to it before an earlier update, and another one since."""
        old_and_new = self._added.get(name, {}).values()
        return any(old_and_new) and not all(old_and_new)

    def state(self) -> Any:
        added = tuple((name, tuple(blocks.items())) for name, blocks in self._added.items())
        return tuple(sorted(self._used)), added

    def restore(self, state: Any) -> None:
        used, added = state
        self._used, self._added = set(used), {name: dict(blocks) for name, blocks in added}
        self._known = {name: written(grad_of(tensor)) for name, tensor in self.recorder.parameters.items}


class Wiped(Check):
    """Updates to which a zero_grad left nothing of what a backward had brought.

    It is said at the update: gradients that are zeroed and that no update was to use are nobody's loss, as those that a
    generator's backward leaves in a discriminator. Where an update has any gradient, the others were zeroed on purpose.
    """

    phases = tuple(Phase)
    compares = True

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._brought: dict[str, int] = {}
        """Gradients that a backward wrote and no update has used: by parameter, the backward's line."""
        self._wiped: dict[str, tuple[str, int, int]] = {}
        """Those that were zeroed since: by what, at which line, and the backward's line."""
        self._known: dict[str, Written] = {}

    def found(self, run: RunBlock) -> Troubles | None:
        wrong = self._at_update(run) if run.phase is Phase.UPDATE else None
        for name, tensor in self.recorder.parameters.items:
            gradient = grad_of(tensor)
            present, before = written(gradient), self._known.get(name)
            self._known[name] = present
            if run.phase is Phase.BACKWARD and present != before and gradient is not None and not is_zero(gradient):
                self._brought[name] = run.line
                self._wiped.pop(name, None)
            elif name in self._brought and run.phase is not Phase.UPDATE and (gradient is None or is_zero(gradient)):
                self._wiped[name] = run.phase_name, run.line, self._brought.pop(name)
        return wrong

    def _at_update(self, run: RunBlock) -> Troubles:
        updated = [name for name, _ in self.updates.of(run)]
        wiped = [self._wiped.pop(name) for name in updated if name in self._wiped]
        used = [name for name in updated if self._brought.pop(name, None) is not None]
        if not wiped or used:
            return {}
        phase, line, backward = wiped[0]
        return {"": f"{phase}, line {line}, left the update nothing of what backward, line {backward}, brought"}

    def state(self) -> Any:
        return tuple(self._brought.items()), tuple(self._wiped.items())

    def restore(self, state: Any) -> None:
        brought, wiped = state
        self._brought, self._wiped = dict(brought), dict(wiped)
        self._known = {name: written(grad_of(tensor)) for name, tensor in self.recorder.parameters.items}
