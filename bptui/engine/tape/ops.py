"""Records the ops that the script's lines run: every call of PyTorch that makes or writes a tensor, in order.

By a `TorchFunctionMode`, which sees each call with its Python arguments, whatever the operator. What bypasses it (a
custom `autograd.Function`, an operator of an extension) is noticed when its result is used: that has an autograd node
which none of the recorded ops made. A node belongs to the op during which autograd's sequence number passed it.
(PyTorch: "Extending PyTorch", `torch.overrides`; `Node._sequence_nr` in "Autograd mechanics".)
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any

import torch
from torch.autograd.function import _SingleLevelFunction
from torch.overrides import TorchFunctionMode

from bptui.engine.tape.call_log import CallLog
from bptui.engine.tape.call_sites import Site, Sites
from bptui.engine.tape.modules import Modules
from bptui.engine.tape.records import (
    MANY,
    KeywordArg,
    RawOp,
    RawValue,
    ValueRef,
    is_writing,
    places_of,
    tensors_of,
    text_of,
)
from bptui.engine.tensors.captured import MemoryBudget

NameOf = Callable[[torch.Tensor, FrameType | None], str]
"""How the program names a tensor that was there before; empty if it does not."""

_sequence = torch._C._autograd._get_sequence_nr

_SILENT = frozenset({"requires_grad_", "retain_grad", "backward", "register_hook", "unflatten_dense_tensors"})
_ALIASES = frozenset({"data", "grad", "_grad"})
"""Attributes that are another name for a tensor, and no op."""


class OpRecorder(TorchFunctionMode):
    """Records the ops that run while it is entered."""

    def __init__(
        self, sites: Sites, modules: Modules, name_of: NameOf, ran: Callable[[RawOp], None], log: CallLog
    ) -> None:
        """`ran` is called with each op as soon as it ran; `log` notes which line ran it."""
        super().__init__()
        self._log = log
        self._sites, self._modules, self._name_of, self.ran = sites, modules, name_of, ran
        self.values: list[RawValue] = []
        self.ops: list[RawOp] = []
        self.budget = MemoryBudget()
        self._places: dict[int, int] = {}
        """The value that a tensor is now, by its identity."""
        self._names: dict[int, tuple[weakref.ref[torch.Tensor], str]] = {}
        """Names of tensors that are no values yet: `w.grad`."""
        self._start = _sequence()
        self._candidate: tuple[int, FrameType, tuple[str, ...]] | None = None
        """The op that ran last, and the variables that its value is about to be assigned to."""
        self._custom: list[RawOp] = []
        """Calls of custom functions whose results were not used yet."""
        self._apply_replaced = False
        """Whether `Function.apply` is replaced by ours."""

    # ---- entering and leaving

    def __enter__(self) -> OpRecorder:
        _exclude_from_compiling()
        self._watch_custom_functions()
        self._modules.enter()
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, traceback)  # type: ignore[no-untyped-call]
        self._modules.leave()
        if self._apply_replaced:
            del _SingleLevelFunction.apply  # type: ignore[attr-defined]
            self._apply_replaced = False

    def finish(self, last: Any) -> int:
        """Settle what is still open; `last` is the loss. Returns its place among the values, -1 if it has none."""
        place = self.place(last) if isinstance(last, torch.Tensor) else -1
        self.settle()
        return place

    def forget(self) -> None:
        """Let go of every tensor and frame."""
        self._candidate = None
        self._custom.clear()
        self._names.clear()

    # ---- what it sees

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        before = _sequence()
        if self._candidate is not None:
            self.settle()
        name = func.__name__
        if name == "__get__":
            return self._read(func, args)
        if name == "__set__":
            result = func(*args, **(kwargs or {}))
            self._assigned(func.__self__.__name__, args)
            return result
        kwargs = kwargs or {}
        writes = is_writing(name, kwargs)
        if name in _SILENT:
            return func(*args, **kwargs)
        inputs = self._arguments(args, kwargs) if writes else None
        try:
            result = func(*args, **kwargs)
        except BaseException:
            self._record(name, inputs or self._arguments(args, kwargs), before, ())
            raise
        self._log.add(name, args, kwargs, result, before)
        made = list(tensors_of(result))
        if writes and not made:
            made = list(tensors_of(args[0] if args else ()))
        if made:
            self._record(name, inputs or self._arguments(args, kwargs), before, made)
        return result

    def _arguments(self, args: Any, kwargs: Any) -> list[Any]:
        arguments = [self._argument(each) for each in args]
        return arguments + [KeywordArg(key, self._argument(each)) for key, each in kwargs.items()]

    def _read(self, func: Any, args: Any) -> Any:
        attribute = func.__self__.__name__
        result = func(*args)
        if isinstance(result, torch.Tensor) and args and isinstance(args[0], torch.Tensor):
            if attribute in _ALIASES:
                if id(result) not in self._places or not self._is_at(result):
                    base = self._present_name(args[0])
                    self._names[id(result)] = (weakref.ref(result), f"{base}.{attribute.lstrip('_')}")
            else:
                self._record(attribute, [self._argument(args[0])], _sequence(), [result])
        return result

    def _assigned(self, attribute: str, args: Any) -> None:
        if attribute not in _ALIASES or len(args) < 2:
            return
        tensor, value = args[0], args[1]
        present_name = self._present_name(tensor)
        self._record("=", [self._argument(value)], _sequence(), (), wrote=f"{present_name}.{attribute.lstrip('_')}")

    def _record(self, name: str, arguments: list[Any], before: int, made: Any, *, wrote: str = "") -> RawOp:
        frame, direct = self._frame()
        site = self._sites.of(frame) if frame is not None else None
        op = RawOp(name, site, self._modules.path, before, _sequence())
        op.direct, op.wrote = direct, wrote
        self._take(op, arguments)
        for tensor in made:
            op.outputs.append(self._put(tensor, len(self.ops)))
            if not op.node and tensor.grad_fn is not None and tensor.grad_fn._sequence_nr() >= before:
                op.node = tensor.grad_fn.name()
        op.place = len(self.ops)
        self.ops.append(op)
        self._candidate = None  # another op ran before it was assigned: that was not the last one
        if frame is not None and made and site is not None:
            self._expect(frame, site, len(self.ops) - 1)
        self.ran(op)
        return op

    def _take(self, op: RawOp, arguments: list[Any]) -> None:
        for each in arguments:
            op.arguments.append(each)
            op.inputs += places_of(each)

    def _frame(self) -> tuple[FrameType | None, bool]:
        """The script's frame that called, and whether nothing but PyTorch's operators are between."""
        return self._sites.calling(sys._getframe(2))

    # ---- values

    def place(self, tensor: torch.Tensor) -> int:
        """The place of a tensor among the values; it becomes one if it is none yet."""
        place = self._places.get(id(tensor))
        if place is not None and self.values[place].ref() is tensor:
            if self.values[place].made[0] >= 0 or tensor.grad_fn is None:
                return place  # else a custom function has given it a node since
        if tensor.grad_fn is not None and (made := tensor.grad_fn._sequence_nr()) >= self._start:
            if not any(op.before <= made < op.after for op in reversed(self.ops)):
                return self._insert_unrecorded(tensor)
        return self._put(tensor, -1, self._present_name(tensor))

    def _is_at(self, tensor: torch.Tensor) -> bool:
        place = self._places.get(id(tensor))
        return place is not None and self.values[place].ref() is tensor

    def _put(self, tensor: torch.Tensor, op: int, name: str = "") -> int:
        place = self._places.get(id(tensor))
        if op >= 0 and place is not None and self.values[place].ref() is tensor:
            name = self.values[place].name  # written in place: it keeps its name
        elif op >= 0 and not name:
            known = self._names.get(id(tensor))
            name = known[1] if known is not None and known[0]() is tensor else ""
        self._places[id(tensor)] = len(self.values)
        self.values.append(RawValue(tensor, op, name, self.budget))
        return len(self.values) - 1

    def _present_name(self, tensor: torch.Tensor) -> str:
        """The name that the program has for a tensor now."""
        place = self._places.get(id(tensor))
        if place is not None and self.values[place].ref() is tensor:
            return self.values[place].name or f"%{place}"
        known = self._names.get(id(tensor))
        if known is not None and known[0]() is tensor:
            return known[1]
        frame, _ = self._frame()
        return self._name_of(tensor, frame)

    def _argument(self, argument: Any) -> Any:
        """An argument: the place of a tensor, a list of such, else a short text."""
        if isinstance(argument, torch.Tensor):
            return ValueRef(self.place(argument))
        if isinstance(argument, (tuple, list)):
            return [self._argument(each) for each in argument[:MANY]]
        if type(argument).__module__ == "numpy" and getattr(argument, "ndim", -1) == 0:
            argument = argument.item()  # a scalar of numpy is a number
        return argument if isinstance(argument, (int, float, str, bool, type(None))) else text_of(argument)

    # ---- names of what was made

    def _expect(self, frame: FrameType, site: Site, op: int) -> None:
        """The value is about to be assigned to variables: at the next op, `settle` sees whether it was."""
        above: FrameType | None = frame
        while site.returns and not site.targets:
            above = self._sites.above(above.f_back) if above is not None else None
            if above is None:
                return
            site = self._sites.of(above)
        if site.targets and above is not None:
            self._candidate = (op, above, site.targets)

    def settle(self) -> None:
        """Name what the last op made after the variables that it was assigned to, if it was.

        That can be known only later: the mode is called before Python stores the result.
        """
        if self._candidate is None:
            return
        op, frame, targets = self._candidate
        bound = frame.f_locals
        for place in self.ops[op].outputs:
            value = self.values[place]
            for name in targets:
                if (tensor := bound.get(name)) is not None and value.ref() is tensor:
                    value.name = name
                    self._candidate = None

    # ---- what bypasses the mode

    def _watch_custom_functions(self) -> None:
        """See `Function.apply` begin: it goes on to the `apply` of its base class, which is C code."""
        begins = self._custom_begins

        def apply(cls: Any, *args: Any, **kwargs: Any) -> Any:
            with torch._C.DisableTorchFunction():  # the mode is active here, and would record what is read
                begins(cls.__name__, args)
            return super(_SingleLevelFunction, cls).apply(*args, **kwargs)  # type: ignore[misc]

        _SingleLevelFunction.apply = classmethod(apply)  # type: ignore[attr-defined]
        self._apply_replaced = True

    def _custom_begins(self, name: str, arguments: Any) -> None:
        frame, direct = self._frame()
        site = self._sites.of(frame) if frame is not None else None
        op = RawOp(name, site, self._modules.path, _sequence(), -1)
        op.direct = direct
        self._take(op, [self._argument(each) for each in arguments])
        self._custom.append(op)

    def _insert_unrecorded(self, tensor: torch.Tensor) -> int:
        """The place of a value that none of the recorded ops made. Adds the op that must have made it."""
        node: Any = tensor.grad_fn
        name = node.name().removesuffix("Backward").rstrip("0123456789").removesuffix("Backward")
        op = next((each for each in reversed(self._custom) if each.name == name), None)
        if op is None:
            op = RawOp(name, None, self._modules.path, node._sequence_nr(), node._sequence_nr() + 1)
            made = {value.made: place for place, value in enumerate(self.values)}
            leaves = {value.variable: place for place, value in enumerate(self.values) if value.variable}
            for after, number in node.next_functions:
                variable = getattr(after, "variable", None)
                source = leaves.get(id(variable)) if variable is not None else None
                if source is None and after is not None:
                    source = made.get((after._sequence_nr(), number))
                if source is not None:
                    op.arguments.append(ValueRef(source))
                    op.inputs.append(source)
        else:
            self._custom.remove(op)
            op.after = node._sequence_nr() + 1
        op.node = node.name()
        place = self._put(tensor, len(self.ops), self._name_of(tensor, self._frame()[0]))
        op.outputs.append(place)
        op.place = len(self.ops)
        self.ops.append(op)
        self.ran(op)
        return place


def _exclude_from_compiling() -> None:
    """Keep dynamo from tracing the mode: what `torch.compile` compiles calls it too."""
    dynamo: Any = sys.modules.get("torch._dynamo")
    if dynamo is not None and not hasattr(OpRecorder.__torch_function__, "_torchdynamo_disable"):
        OpRecorder.__torch_function__ = dynamo.disable(OpRecorder.__torch_function__)  # type: ignore[method-assign]
