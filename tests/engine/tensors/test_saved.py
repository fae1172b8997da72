"""What a tensor was is remembered, compared and brought back whatever its layout is."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import pytest
import torch

from bptui.engine.tensors.bits import digest, same_bits
from bptui.engine.tensors.measures import is_zero, norm_of
from bptui.engine.tensors.saved import Bits, SavedTensor

warnings.filterwarnings("ignore", message=".*(beta|prototype|deprecated).*")

TENSORS: dict[str, Callable[[], torch.Tensor]] = {
    "numbers": lambda: torch.arange(6.0),
    "large": lambda: torch.arange(100_000.0),
    "half at an odd place": lambda: torch.ones(6, dtype=torch.bfloat16)[1:],
    "bytes": lambda: torch.ones(13, dtype=torch.uint8),
    "expanded": lambda: torch.ones(3).expand(2, 3),
    "transposed": lambda: torch.arange(6.0).reshape(2, 3).t(),
    "complex": lambda: torch.ones(3, dtype=torch.complex64),
    "sparse": lambda: torch.eye(3).to_sparse(),
    "compressed": lambda: torch.eye(3).to_sparse_csr(),
    "quantized": lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
    "nested": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]),
    "ragged": lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)], layout=torch.jagged),
    "empty": lambda: torch.ones(0),
    "meta": lambda: torch.ones(3, device="meta"),
    "a parameter": lambda: torch.nn.Parameter(torch.ones(3)),
}


@pytest.mark.parametrize("bits", Bits)
@pytest.mark.parametrize("name", TENSORS)
def test_a_tensor_that_nobody_touched_holds_and_is_brought_back(name: str, bits: Bits) -> None:
    tensor = TENSORS[name]()
    saved = SavedTensor(tensor, bits)
    assert saved.holds()
    if bits is Bits.COPIED:
        saved.check()
        saved.put_back()
        assert saved.holds()


@pytest.mark.parametrize("name", ["numbers", "large", "half at an odd place", "bytes", "transposed", "complex"])
def test_one_bit_is_noticed_and_brought_back(name: str) -> None:
    tensor = TENSORS[name]()
    compared, copied, before = (
        SavedTensor(tensor, Bits.COMPARED), SavedTensor(tensor, Bits.COPIED), tensor.clone(),
    )  # fmt: skip
    tensor.data[-1] += 1  # unseen by the version
    assert SavedTensor(tensor, Bits.COUNTED).holds()
    assert not compared.holds()
    assert not same_bits(tensor, before)
    assert digest(tensor) != digest(before)
    copied.put_back()
    assert same_bits(tensor, before)
    assert compared.holds()


def test_a_change_of_places_is_noticed_in_a_digest() -> None:
    tensor = torch.arange(100_000.0)
    before = digest(tensor)
    tensor[[10, 20_000]] = tensor[[20_000, 10]]
    assert digest(tensor) != before


@pytest.mark.parametrize("change", [
    lambda w: w.register_hook(lambda gradient: gradient), lambda w: w.requires_grad_(False),
    lambda w: setattr(w, "note", 1),
    lambda w: setattr(w, "grad", torch.ones(3)), lambda w: setattr(w, "data", torch.zeros(3)),
    lambda w: w.register_post_accumulate_grad_hook(print),
])  # fmt: skip
def test_what_is_no_number_is_noticed_and_brought_back(change: Callable[[torch.Tensor], object]) -> None:
    tensor = torch.ones(3, requires_grad=True)
    saved = SavedTensor(tensor, Bits.COPIED)
    change(tensor)
    assert not saved.holds()
    saved.put_back()
    assert saved.holds()


def test_a_hook_that_was_removed_leaves_nothing() -> None:
    tensor = torch.ones(3, requires_grad=True)
    saved = SavedTensor(tensor, Bits.COUNTED)
    tensor.register_hook(lambda gradient: gradient).remove()  # type: ignore[no-untyped-call]
    assert saved.holds()


@pytest.mark.parametrize(("make", "zero", "norm"), [
    (lambda: torch.zeros(3), True, 0.0), (lambda: torch.tensor([0.0, 3.0, 4.0]), False, 5.0),
    (lambda: torch.tensor([3, 4]), False, 5.0), (lambda: torch.tensor([3j, 4.0]), False, 5.0),
    (lambda: torch.eye(4).to_sparse(), False, 2.0), (lambda: torch.zeros(2, 2).to_sparse(), True, 0.0),
    (lambda: torch.zeros(0), True, 0.0), (lambda: torch.tensor([True, False]), False, 1.0),
])  # fmt: skip
def test_zeros_and_norms(make: Callable[[], torch.Tensor], zero: bool, norm: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert is_zero(make()) is zero
        assert norm_of(make()) == norm
