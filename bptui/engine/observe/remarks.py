"""What a step did besides its phase: a parameter's name bound anew, gradients rewritten, an update that was skipped.

Each remark is computed from what the script holds right behind the step, and is left out where that does not say it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch

from bptui.engine.compiler import syntax
from bptui.engine.compiler.tree import Block
from bptui.engine.observe.parameters import Holders, Parameters
from bptui.protocol.fact import Fact, summary
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Snapshot

_SAME = 1e-3
"""Up to this relative difference gradients were all scaled by one factor."""
_ROUNDING = 1e-6
"""Up to this one the norm is the same."""
_REWRITERS = ("clip_grad_norm_", "clip_grad_value_", "unscale_", "clip_grads_with_norm_", "clip_gradients")
"""Calls that are known to rewrite gradients."""


# ---- names bound anew


def rebindings(parameters: Parameters, holders: Holders) -> Iterator[str]:
    """What became of each parameter's name that the block bound to something else."""
    for name, (old, new) in parameters.rebound.items():
        yield _rebinding(name, old, new, holders)


def _rebinding(name: str, old: torch.Tensor, new: Any, holders: Holders) -> str:
    if not isinstance(new, torch.Tensor):
        return f"{name} is a {type(new).__name__} now and no tensor: a backward brings it no .grad"
    was = ", not the leaf that it was" if old.is_leaf and old.requires_grad else ""
    if new.grad_fn is not None:
        return (
            f"{name} is a new tensor now ({type(new.grad_fn).__name__}){was}: a backward brings it no .grad; "
            f"write {name}.data = … to change the leaf"
        )
    if not new.requires_grad:
        return (
            f"{name} is a new tensor now that requires no gradient{was}: a backward does not reach it; "
            f"write {name}.data = … to change the leaf"
        )
    holding = ", ".join(_optimizers_with(old, holders))
    kept = f", and {holding} still updates the old one" if holding else ""
    return f"{name} is a new leaf now, its .grad is {'None' if new.grad is None else 'its own'}{kept}"


def _optimizers_with(tensor: torch.Tensor, holders: Holders) -> Iterator[str]:
    """The names of the optimizers that hold a tensor."""
    for names in holders:
        for name in list(names):
            value = names.get(name)
            if isinstance(value, torch.optim.Optimizer):
                if any(each is tensor for group in value.param_groups for each in group["params"]):
                    yield name


# ---- gradients rewritten behind a backward


def rewriting(snapshot: Snapshot, block: Block) -> str:
    """What statements behind a backward made of the gradients; empty where they are what that backward brought.

    Nothing is said where a gradient is of several backwards: what it was before the last one may have been rewritten.
    """
    if all(ledger.difference is None for ledger in snapshot.ledger):
        return ""
    if any(len(ledger.contributions) != 1 or ledger.earlier for ledger in snapshot.ledger):
        return ""
    brought = {ledger.name: ledger.sum for ledger in snapshot.ledger}
    pairs = [(brought[param.name], param.grad) for param in snapshot.params if param.name in brought]
    return _rewritten(pairs, _rewriter(block) or "what stands behind it")


def clipping(before: Snapshot, after: Snapshot, block: Block) -> str:
    """What a block that clips and updates made of the gradients, by those that the stop before it showed."""
    name = _rewriter(block)
    if not name or "unscale_" in name:
        return ""
    pairs = [(old.grad, each.grad) for each in after.params if (old := before.param(each.name)) is not None]
    return _rewritten([pair for pair in pairs if pair != (None, None)], name)


def _rewritten(pairs: list[tuple[Fact | None, Fact | None]], who: str) -> str:
    """The norm of all gradients together before and behind; empty where it is the same, or cannot be told."""
    norms = [(None if old is None else summary(old), None if new is None else summary(new)) for old, new in pairs]
    known = [(old, new) for old, new in norms if old is not None and new is not None and math.isfinite(old + new)]
    if not known or len(known) < len(norms):
        return ""
    before, after = (math.sqrt(sum(each * each for each in side)) for side in zip(*known, strict=True))
    if abs(before - after) <= _ROUNDING * before:
        return ""
    factors = [new / old for old, new in known if old]
    one = factors and max(factors) - min(factors) <= _SAME * abs(max(factors))
    done = f"scaled the gradients by {after / before:.4g}" if one else "changed the gradients"
    return f"{who} {done}: their norm {before:.6g} -> {after:.6g}"


def _rewriter(block: Block) -> str:
    """The calls in the block that are known to rewrite gradients, in the script's order; empty where there are none."""
    calls = [call for statement in block.statements for call in syntax.calls(statement)]
    names = [syntax.method(call) or syntax.function(call) or "" for call in calls]
    return " and ".join(dict.fromkeys(name for name in names if name in _REWRITERS))


# ---- updates skipped


class Scalers:
    """The gradient scalers of a script, and how large their scales were at the last stop."""

    def __init__(self) -> None:
        self._scales: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._scales)

    def skipped(self, phase: Phase | None, alone: bool, holders: Holders) -> str:
        """That a scaler skipped the update. `alone`: only this step lies between the last stop and here."""
        before, self._scales, said = self._scales, {}, ""
        for name, scaler in _scalers(holders):
            scale = self._scales[name] = float(scaler.get_scale())
            old = before.get(name)
            if phase is not Phase.UPDATE:
                continue
            if alone and old is not None and scale < old:
                said = f"{name} found inf or nan in the gradients and skipped the step; its scale {old:g} -> {scale:g}"
            elif _found_inf(scaler):
                said = f"{name} found inf or nan in the gradients and skipped the step"
        return said


def _scalers(holders: Holders) -> Iterator[tuple[str, Any]]:
    for names in holders:
        for name in list(names):
            value = names.get(name)
            if isinstance(value, torch.amp.GradScaler) and value.is_enabled():
                yield name, value


def _found_inf(scaler: Any) -> bool:
    """Whether an optimizer's step was tried with infinite gradients, and the scaler has not been updated since."""
    for state in scaler._per_optimizer_states.values():
        if getattr(state.get("stage"), "name", "") == "STEPPED":
            if any(bool(each.item()) for each in state["found_inf_per_device"].values()):
                return True
    return False


def together(text: str, remarks: Iterable[str]) -> str:
    """A sentence with the remarks behind it."""
    return "; ".join(filter(None, (text, *remarks)))
