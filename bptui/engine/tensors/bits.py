"""The bits of a tensor, whatever its layout: whether two are the same, a copy, a digest."""

from __future__ import annotations

from typing import Any

import torch

_LANES = 64


def parts(tensor: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """The strided tensors that hold the numbers of a tensor, without its graph; none for one that has no memory."""
    plain: Any = tensor.detach()  # not all that exotic layouts have is annotated
    if plain.is_meta:
        return ()
    if plain.is_nested:
        held = (plain.values(), *((plain.offsets(),) if plain.layout is torch.jagged else ()))
        return tuple(each.detach() for each in held)
    if plain.layout is torch.strided:
        return (plain.int_repr(),) if plain.is_quantized else (plain,)
    if plain.layout is torch.sparse_coo:
        return plain._indices(), plain._values()
    if plain.layout in (torch.sparse_csr, torch.sparse_bsr):
        return plain.crow_indices(), plain.col_indices(), plain.values()
    if plain.layout in (torch.sparse_csc, torch.sparse_bsc):
        return plain.ccol_indices(), plain.row_indices(), plain.values()
    return (plain.to_dense(),)


def dense(tensor: torch.Tensor) -> torch.Tensor:
    """The entries of a tensor of whatever layout, without its graph."""
    plain = tensor.detach()
    if plain.is_nested:
        return plain.values()
    if plain.layout == torch.sparse_coo:
        return plain.coalesce().values()
    return plain if plain.layout == torch.strided else plain.values()


def same_bits(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors have the same shape, dtype and bits."""
    if one.dtype != other.dtype or one.layout != other.layout or one.is_nested != other.is_nested:
        return False
    if not one.is_nested and one.shape != other.shape:
        return False
    ours, theirs = parts(one), parts(other)
    return all(
        a.shape == b.shape and torch.equal(_bytes(a), _bytes(b.to(a.device))) for a, b in zip(ours, theirs, strict=True)
    )


def _bytes(tensor: torch.Tensor) -> torch.Tensor:
    flat = (torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor).contiguous().reshape(-1)
    if (
        flat.numel() and flat.stride(0) != 1
    ):  # torch calls a single element contiguous whatever its stride, and `view` refuses
        flat = flat.clone(memory_format=torch.contiguous_format)
    if flat.numel() * flat.element_size() % 8:
        return flat.view(torch.uint8)
    if flat.storage_offset() * flat.element_size() % 8:
        flat = flat.clone()
    return flat.view(torch.int64)  # compared twice as fast as bytes


def digest(tensor: torch.Tensor) -> int:
    """A checksum: another number, but for a rare accident, once any of the bits change or change places.

    The bits are summed as 64-bit integers by rows and by columns, each weighted by its place: two fast passes.
    """
    return sum((number + 1) * _digest(part) for number, part in enumerate(parts(tensor)))


def _digest(tensor: torch.Tensor) -> int:
    if not tensor.numel():
        return 0
    flat = _bytes(tensor)
    rest, aligned = flat, flat.new_empty(0, dtype=torch.int64)
    if flat.dtype is not torch.int64 and (count := flat.numel() // (8 * _LANES)) > 0:
        if flat.storage_offset() % 8:
            flat = flat.clone()
        aligned, rest = flat[: count * 8 * _LANES].view(torch.int64), flat[count * 8 * _LANES :]
    elif (count := flat.numel() // _LANES) > 0:
        aligned, rest = flat[: count * _LANES], flat[count * _LANES :]
    total = int((rest.to(torch.int64) * _places(rest)).sum().item()) if rest.numel() else 0
    if aligned.numel():
        table = aligned.view(-1, _LANES)
        rows, columns = table.sum(1), table.sum(0)
        total += int((rows * _places(rows)).sum().item()) + 31 * int((columns * _places(columns)).sum().item())
    return total


def _places(tensor: torch.Tensor) -> torch.Tensor:
    return torch.arange(1, tensor.numel() + 1, device=tensor.device)
