"""Writes numbers into a tensor in place, without autograd noticing, if the tensor can hold them."""

from __future__ import annotations

from typing import Any

import torch

from bptui.engine.errors import StepRefused
from bptui.engine.expressions.namespace import NOTHING
from bptui.engine.tensors.facts import dtype_name


def overwrite(name: str, tensor: torch.Tensor, value: Any, index: Any = NOTHING) -> None:
    """Let the tensor, or its entries at an index, hold the value; shape and dtype stay.

    Raises:
        StepRefused: it cannot. Nothing changed.
    """
    with torch.no_grad():
        data = tensor.data
        try:
            part = data if index is NOTHING else data[index]
            data[... if index is NOTHING else index] = fitted(name, part, value)
        except (RuntimeError, NotImplementedError, IndexError, TypeError) as error:
            raise StepRefused(f"{name}: {_first_line(error)}", "Nothing changed.") from None


def fitted(name: str, like: torch.Tensor, value: Any) -> torch.Tensor:
    """The value as a tensor of that shape, dtype and device; a copy.

    Raises:
        StepRefused: its shape or its numbers do not fit.
    """
    numbers = _numbers(name, value)
    if numbers.dim() > like.dim() and numbers.numel() == 1:
        numbers = numbers.reshape(())
    try:
        numbers = numbers.expand(like.shape)
    except RuntimeError:
        raise StepRefused(
            f"{name} has the shape {tuple(like.shape)}, the value {tuple(numbers.shape)}.",
            "Give one number for all entries, or numbers of that shape.",
        ) from None
    if numbers.is_complex() and not like.is_complex() and not bool(numbers.imag.any()):
        numbers = numbers.real
    elif numbers.is_complex() and not like.is_complex():
        raise _cannot_hold(name, like)
    converted = numbers.to(device=like.device, dtype=like.dtype, copy=True)
    if not _holds(numbers.to(like.device), converted):
        raise _cannot_hold(name, like)
    return converted


def _cannot_hold(name: str, tensor: torch.Tensor) -> StepRefused:
    return StepRefused(f"{name} is {dtype_name(tensor)}, which cannot hold that value.", "Its dtype stays as it is.")


def _numbers(name: str, value: Any) -> torch.Tensor:
    """The value as a tensor, with all its digits."""
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    try:
        made = torch.as_tensor(value)
        return torch.as_tensor(value, dtype=torch.float64) if made.dtype == torch.get_default_dtype() else made.clone()
    except (RuntimeError, TypeError, ValueError, OverflowError) as error:
        what = f"Its numbers cannot be read: {_first_line(error)}." if _is_listed(value) else _not_numbers(value)
        raise StepRefused(f"{name} holds numbers. {what}", "Give a number, a list of numbers or a tensor.") from None


def _is_listed(value: Any) -> bool:
    return isinstance(value, (list, tuple, int))


def _not_numbers(value: Any) -> str:
    return f"A {type(value).__name__} is none."


def _holds(numbers: torch.Tensor, converted: torch.Tensor) -> bool:
    """Whether the dtype was wide enough: whole numbers stay as they are, others may only be rounded."""
    if converted.is_floating_point() or converted.is_complex():
        return bool((torch.isfinite(converted) | ~torch.isfinite(numbers)).all())
    if numbers.is_floating_point() and not bool(torch.isfinite(numbers).all()):
        return False
    return torch.equal(converted.to(torch.float64), numbers.to(torch.float64))


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
