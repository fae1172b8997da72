"""Autograd's gradients of the last forward beside central differences, both computed on the same float64 copy.

Where float64 cannot be had (a device without it, a compiled kernel of one dtype), float32 is taken with a wider
tolerance. Random numbers are the same in every run of the forward; a forward whose loss differs nevertheless is not
checked. Nor is one that does more than compute, or whose loss is a number in float64 only.

Right behind a backward the program's own `.grad` is compared too: a hook, clipping or a scaled loss make it another.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator

import torch

from bptui.engine.analysis.finite_differences import FiniteDifference, compare
from bptui.engine.analysis.on_copies import Copies, eagerly
from bptui.engine.analysis.own_gradients import OwnGradients
from bptui.engine.analysis.purity import impurity
from bptui.engine.analysis.rerun import Forward, undisturbed
from bptui.engine.interpreter.iteration import Iteration
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.parameters import leaves_of
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.replies import GradientsChecked, ParamCheck

BUDGET = 3.0
"""Seconds of computing after which no other entry is begun."""
ALL = 32
"""Up to so many entries are all checked; of more"""
SOME = 16
"""so many are."""
SLOWEST = 0.5
"""Seconds of computing that one forward may take, once it is warm."""
_WAITING = 10.0
"""So many times as long it may take by the clock on the wall: where others compute too, and where it sleeps."""
LARGEST = 100_000_000
"""Parameters of more entries than this together are not copied."""
_FLOOR = 1e-8
"""Errors are relative to at least this share of the largest gradient of the parameter."""

_RANK = {"equal": 0, "different": 2}
"""Of a parameter's many verdicts the highest is shown; others are in between."""

NamedTensors = list[tuple[str, torch.Tensor]]
EntryIndex = tuple[int, ...]
ComparedEntries = list[tuple[EntryIndex, FiniteDifference]]


class Stopwatch:
    """Whether something took too long: by what this thread computed, so that a busy machine is no reason."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._computed, self._began = time.thread_time(), time.perf_counter()

    def is_over(self) -> bool:
        computed, waited = time.thread_time() - self._computed, time.perf_counter() - self._began
        return computed > self._seconds or waited > _WAITING * self._seconds


class Narrowed(Exception):
    """Part of the forward is computed in a narrower float than asked for."""


class CannotCheck(Exception):
    """The check is not possible; the message says why."""


def check(script: Script, iteration: Iteration, recorder: Recorder, *, behind_backward: bool) -> GradientsChecked:
    """Check the gradient of the last forward's loss with respect to every parameter. The program is not disturbed.

    `behind_backward`: nothing has run since that loss's backward.
    """
    last = iteration.last_forward()
    if last is None:
        return _none("no forward has run yet")
    run, frame = last
    impure = impurity(script.tree, run.block.own_statements, copied=True)
    if impure:
        return _none(f"the forward does more than compute ({impure})")
    reached = recorder.present_loss()
    before = {id(leaf) for leaf in leaves_of(reached)} if isinstance(reached, torch.Tensor) else set()
    del reached  # its graph is the script's to keep
    known = list(recorder.parameters)
    params = [(name, tensor) for name, tensor in known if tensor.requires_grad and tensor.is_floating_point()]
    if sum(tensor.numel() for _, tensor in params) > LARGEST:
        return _none("the parameters are too many to be copied")
    own = OwnGradients(recorder) if behind_backward else None
    with undisturbed(run, frame, recorder.holders()) as forward, eagerly():
        try:
            return _Check(forward, params, before, torch.float64, own).made()
        except CannotCheck as cannot:
            return _none(str(cannot))
        except Exception:  # whatever an op says that cannot compute in float64
            pass
        try:
            return _Check(forward, params, before, torch.float32, own).made()
        except CannotCheck as cannot:
            return _none(str(cannot))
        except Exception as error:  # the script's own code, on a copy
            return _none(f"the forward raised {type(error).__name__} on a copy: {error}".splitlines()[0])


def _none(reason: str) -> GradientsChecked:
    return GradientsChecked((), None, reason)


class _Check:
    """One check, in one dtype."""

    def __init__(
        self, forward: Forward, params: NamedTensors, before: set[int], dtype: torch.dtype, own: OwnGradients | None
    ) -> None:
        """`before`: the identities of the leaves that the script's own loss reaches. `own`: its gradients."""
        self._forward, self._params, self._before, self._dtype, self._own = forward, params, before, dtype, own
        if dtype is torch.float32 and any(tensor.dtype not in (torch.float32, torch.float64) for _, tensor in params):
            raise CannotCheck("the parameters are too coarse for differences, and float64 cannot be had")
        self._copies = Copies([tensor for _, tensor in params], wide=dtype is torch.float64)

    def made(self) -> GradientsChecked:
        """Run the check.

        Raises:
            CannotCheck: it is not possible; the message says why.
            Narrowed: it is not in float64; it may be in float32.
        """
        loss = self._loss()
        middle = self._middle = loss.item()
        gradients = self._gradients(loss)
        del loss
        if not math.isfinite(middle):
            raise CannotCheck(f"the loss is {middle}")
        watch = Stopwatch(SLOWEST)  # the first run was cold: it imports, compiles and allocates
        again = self._loss().item()
        slow = watch.is_over()
        if again != middle:
            raise CannotCheck(f"the forward is not deterministic: run twice, the loss was {middle!r} and {again!r}")
        if self._copies.narrowed and self._dtype is torch.float64:
            raise Narrowed
        narrow = self._narrow_loss()
        if narrow is not None and not math.isfinite(narrow):
            raise CannotCheck(f"the program's loss is {narrow}; computed in float64 it would be {middle:.6g}")
        if slow:
            raise CannotCheck("the forward takes too long to be run many times")
        found = self._compared(gradients)
        checks = [
            self._result(name, tensor, gradient is None, each)
            for (name, tensor), gradient, each in zip(self._params, gradients, found, strict=True)
            if gradient is not None or id(tensor) in self._before
        ]
        if self._own is not None and narrow is not None and self._own.is_of(narrow):
            checks = self._own.beside(checks, dict(zip([name for name, _ in self._params], gradients, strict=True)))
        return GradientsChecked(tuple(checks), middle, "", str(self._dtype).removeprefix("torch."))

    def _narrow_loss(self) -> float | None:
        """The loss in the program's own precision; None where it cannot be computed so."""
        try:
            return _Check(self._forward, self._params, self._before, torch.float32, None)._loss().item()
        except Exception:  # the script's own code, on a copy
            return None

    def _loss(self, at: tuple[torch.Tensor, EntryIndex, float] | None = None) -> torch.Tensor:
        """The loss on the copies. `at`: with an entry of one of them at that value."""
        self._copies.begin(replay=at is not None)
        if at is not None:
            data, place, value = at
            data[place] = value
        with self._copies:
            loss = self._forward.loss()
            if isinstance(loss, (list, tuple)) and all(isinstance(each, torch.Tensor) for each in loss):
                loss = sum(each.sum() for each in loss if each.numel() == 1)  # autograd.backward([…])
        if not isinstance(loss, torch.Tensor):
            raise CannotCheck("the loss is not a tensor")
        if not self._copies.owns(loss):
            raise CannotCheck("the loss is not computed by the forward's own statements")
        if loss.numel() != 1:
            raise CannotCheck(f"the loss has several elements: its shape is {tuple(loss.shape)}")
        return loss

    def _gradients(self, loss: torch.Tensor) -> list[torch.Tensor | None]:
        """Autograd's, of the copies. None for a parameter that this forward does not use."""
        copies, reached = self._copies.leaves, {id(leaf) for leaf in leaves_of(loss)}
        if any(id(tensor) in reached for _, tensor in self._params):
            raise CannotCheck("part of the forward is compiled and cannot be run on copies")
        if not any(id(copy) in reached for copy in copies):
            raise CannotCheck("the loss reaches no parameter")
        with self._copies:
            found = torch.autograd.grad(loss, copies, torch.ones_like(loss), allow_unused=True)
        return [
            gradient.to_dense()
            if gradient is not None and gradient.is_sparse
            else torch.zeros_like(copy)
            if gradient is None and id(copy) in reached
            else gradient
            for copy, gradient in zip(copies, found, strict=True)
        ]

    # ---- differences

    def _compared(self, gradients: list[torch.Tensor | None]) -> list[ComparedEntries]:
        """For each parameter the entries that were compared, the most telling first, in turn while time lasts."""
        found: list[ComparedEntries] = [[] for _ in self._params]
        chosen = [[] if gradient is None else _entries(gradient) for gradient in gradients]
        watch = Stopwatch(BUDGET)
        for number in range(ALL):
            for index, (entries, gradient) in enumerate(zip(chosen, gradients, strict=True)):
                if number >= len(entries) or gradient is None:
                    continue
                if watch.is_over():
                    return found
                slopes = gradient.flatten()
                floor = _FLOOR * abs(float(slopes[entries[0]]))
                found[index].append(self._compare(index, entries[number], float(slopes[entries[number]]), floor))
        return found

    def _compare(self, index: int, entry: int, slope: float, floor: float) -> tuple[EntryIndex, FiniteDifference]:
        data = self._copies.leaves[index].data  # written without autograd's notice
        place = _unravelled(entry, tuple(data.shape))
        x = float(data[place])

        def loss(value: float) -> float:
            try:
                return self._loss((data, place, value)).item()
            except Exception:  # the script's own code may fail at values that it never sees
                return math.nan
            finally:
                data[place] = x

        return place, compare(loss, x, self._middle, slope, floor, self._dtype)

    def _result(self, name: str, tensor: torch.Tensor, unused: bool, found: ComparedEntries) -> ParamCheck:
        if not found:
            why = (
                "the loss reaches it only through what was computed before this forward"
                if unused
                else "there was no time"
                if tensor.numel()
                else "it is empty"
            )
            return ParamCheck(name, tensor.numel(), 0, 0.0, 0.0, 0.0, (), why)
        place, worst = max(found, key=lambda each: (_RANK.get(each[1].verdict, 1), each[1].error))
        checked = len(found)
        hooked = self._own is None and bool(tensor._backward_hooks)
        return ParamCheck(
            name, tensor.numel(), checked, worst.error, worst.autograd, worst.numeric, place, worst.verdict,
            hooked=hooked,
        )  # fmt: skip


def _entries(gradient: torch.Tensor) -> list[int]:
    """The entries to check, the one of the largest gradient first: all, or some, half of them with a gradient."""
    numel = gradient.numel()
    if not numel:
        return []
    flat = gradient.flatten().abs()
    first = int(flat.argmax())
    if numel <= ALL:
        return [first, *(each for each in range(numel) if each != first)]
    draw = random.Random(numel)  # its own: the script's draws stay as they are
    moved = flat.nonzero().flatten()
    some = [int(moved[draw.randrange(len(moved))]) for _ in range(SOME // 2 - 1)] if len(moved) else []
    others = iter(draw.sample(range(numel), min(numel, 3 * SOME)))
    return _unique([first, *some], others)


def _unique(begun: list[int], others: Iterator[int]) -> list[int]:
    chosen = dict.fromkeys(begun)
    for each in others:
        if len(chosen) == SOME:
            break
        chosen.setdefault(each)
    return list(chosen)


def _unravelled(entry: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    place: list[int] = []
    for extent in reversed(shape):
        entry, at = divmod(entry, extent)
        place.append(at)
    return tuple(reversed(place))
