"""Two measures of a tensor, for any layout and dtype: whether it is all zeros, and its norm."""

from __future__ import annotations

import torch

from bptui.engine.tensors.bits import dense
from bptui.engine.tensors.facts import number_of


def is_zero(tensor: torch.Tensor) -> bool:
    """Whether a tensor is all zeros, whatever its layout; one without elements is."""
    if (known := number_of(tensor)) is not None:
        return known == 0
    plain = dense(tensor)
    if not plain.numel():
        return True
    if plain.is_contiguous() and plain.reshape(-1)[0].item() != 0:  # most are told by their first entry
        return False
    return not torch.count_nonzero(plain).item()


def norm_of(tensor: torch.Tensor) -> float:
    """The 2-norm of a tensor's entries, whatever its layout and dtype."""
    plain = dense(tensor)
    if not (plain.is_floating_point() or plain.is_complex()):
        plain = plain.to(torch.float64)
    return float(torch.linalg.vector_norm(plain))
