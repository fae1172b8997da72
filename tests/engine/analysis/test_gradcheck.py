"""The gradient check: right on what is right, wrong on what is wrong, and the program is as it was before."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import bptui
from bptui.engine.analysis import gradcheck
from bptui.engine.controller import Controller
from bptui.protocol.phase import Phase
from bptui.protocol.replies import GradientsChecked, ParamCheck
from bptui.render.lists.checked import check_sheet
from tests.engine.checkpoint.test_refused_steps import everything
from tests.engine.conftest import OpenScript

LESSONS = Path(bptui.__file__).parent / "lessons"

NETWORK = """
import torch
from torch import nn
torch.manual_seed(0)
model = nn.Sequential(
    nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.Dropout(0.5), nn.Flatten(), nn.Linear(48, 2)
)
optimizer = torch.optim.Adam(model.parameters())
for epoch in range(2):
    for i in range(3):
        x, y = torch.randn(4, 1, 6, 6), torch.tensor([0, 1, 1, 0])
        optimizer.zero_grad()
        print("forward", i)
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
"""


def after_forward(controller: Controller) -> Controller:
    while controller.snapshot.phase is not Phase.FORWARD:
        controller.next()
    return controller


def one(forward: str, before: str = "", w: str = "torch.tensor([1.5, -0.5, 2.0], requires_grad=True)") -> str:
    """A script of one forward and backward, with one parameter `w`."""
    return f"import torch\nfrom torch import nn\n{before}\nw = {w}\n{forward}\nloss.backward()\nprint(w.grad)\n"


@pytest.fixture
def checked(open_script: OpenScript) -> Callable[..., GradientsChecked]:
    def checked(*args: str, **kwargs: str) -> GradientsChecked:
        return after_forward(open_script(one(*args, **kwargs))).check()

    return checked


Checked = Callable[..., GradientsChecked]


def only(told: GradientsChecked) -> ParamCheck:
    assert told.reason == ""
    (param,) = told.params
    return param


# ---- what is right


@pytest.mark.parametrize("lesson", sorted(path.stem for path in LESSONS.glob("*.py") if path.stem != "__init__"))
def test_every_lesson_is_equal(lesson: str) -> None:
    controller = Controller(str(LESSONS / f"{lesson}.py"))
    controller.start()
    told = after_forward(controller).check()
    assert (told.reason, told.dtype) == ("", "float64")
    assert {each.verdict for each in told.params} == {"equal"}
    assert max(each.error for each in told.params) < 1e-6


def test_the_lecture_has_the_numbers_of_the_lecture() -> None:
    controller = Controller(str(LESSONS / "linear.py"))
    controller.start()
    told = after_forward(controller).check()
    w = only(told)
    assert (told.loss, w.name, w.numel, w.checked, w.autograd, w.entry) == (1.0, "w", 1, 1, -2.0, (0,))
    assert w.numeric == pytest.approx(-2.0, rel=1e-9)


def test_a_network_with_convolution_batchnorm_and_dropout_is_equal(open_script: OpenScript) -> None:
    told = after_forward(open_script(NETWORK)).check()
    assert [each.name for each in told.params] == ["model.0.weight", "model.0.bias", "model.1.weight", "model.1.bias",
                                                   "model.5.weight", "model.5.bias"]  # fmt: skip
    assert {each.verdict for each in told.params} == {"equal"}
    assert [each.checked for each in told.params] == [27, 3, 3, 3, 16, 2]


@pytest.mark.parametrize(
    ("forward", "before"),
    [
        ("loss = (w.float() * 0.1).half().sum()", ""),
        ("h = w * 1\nh.add_(1)\nh *= 2\nloss = h.pow(3).sum()", ""),
        ("h = torch.zeros(3)\nh[1] = w[0] * w[1]\nloss = h.exp().sum()", ""),
        ("loss = sum(each**2 for each in w)", ""),
        ("loss = (w * w.detach()).sum() + w[0] * w[1].item()", ""),
        ("loss = scaled(w).sum()", "def scaled(w):\n    with torch.no_grad():\n        n = w.norm()\n    return w / n"),
        ("loss = (emb(torch.tensor([0, 2, 2])) ** 2 @ w).sum()", "emb = nn.Embedding(4, 3, sparse=True)"),
        ("loss = tied(tied(w)).sum()", "tied = nn.Linear(3, 3)"),
        ("loss = closed(w)", "def closing():\n    c = torch.full((3,), 0.3)\n    return lambda w: (w * c).sum()\n"
         "closed = closing()"),
        ("loss = lstm(w.view(1, 1, 3))[0].sum()", "lstm = nn.LSTM(3, 2, num_layers=2)"),
        ("with torch.autocast('cpu', torch.bfloat16):\n    loss = (a @ w.view(3, 1)).sum()", "a = torch.randn(2, 3)"),
        ("loss = unit(w).sum()", "unit = torch.nn.utils.parametrizations.weight_norm(nn.Linear(3, 1))"),
        ("loss = unit(w).sum()", "unit = torch.nn.utils.weight_norm(nn.Linear(3, 1))"),
        ("loss = noise(w).sum()", "import random\nclass Noise:\n    def __init__(self):\n        "
         "self.r = random.Random(1)\n    def __call__(self, w):\n        return w * self.r.random() * torch.rand(3)\n"
         "noise = Noise()"),
    ],
    ids=["casts", "in place on its own", "written item by item", "a loop over it", "detached and item", "no_grad",
         "embedding with sparse gradients", "shared weights", "a constant in a closure", "lstm", "autocast",
         "weight norm", "weight norm of old", "generators inside objects"],
)  # fmt: skip
def test_what_pytorch_gets_right_is_equal_in_float64(forward: str, before: str, checked: Checked) -> None:
    told = checked(forward, f"torch.manual_seed(0)\n{before}")
    assert (told.reason, told.dtype) == ("", "float64")
    assert told.params[0].name.endswith("w") or len(told.params) > 1
    assert {each.verdict for each in told.params} == {"equal"}


def test_a_script_in_double_precision_is_equal(checked: Checked) -> None:
    w = only(checked("loss = w.sin().sum()", w="torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)"))
    assert w.verdict == "equal"


FUNCTION = """
class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        ctx.power = 3
        return x**3
    @staticmethod
    def backward(ctx, upstream):
        (x,) = ctx.saved_tensors
        return upstream * {factor} * x**2
cube = Cube.apply
"""


@pytest.mark.parametrize("call", ["cube(w)", "Cube.apply(w * 1)"])
def test_a_functions_own_backward_that_is_right_is_equal(call: str, checked: Checked) -> None:
    assert only(checked(f"loss = {call}.sum()", FUNCTION.format(factor="ctx.power"))).verdict == "equal"


# ---- what is wrong


@pytest.mark.parametrize("call", ["cube(w)", "Cube.apply(w * 1)"])
def test_a_functions_own_backward_that_is_wrong_is_different(call: str, checked: Checked) -> None:
    w = only(checked(f"loss = {call}.sum()", FUNCTION.format(factor="3.001")))
    assert w.verdict == "different"
    assert w.error == pytest.approx(0.001 / 3.001, rel=1e-3)
    assert w.autograd == pytest.approx(w.numeric * 3.001 / 3, rel=1e-6)


def test_a_backward_that_forgets_an_entry_is_different_there(checked: Checked) -> None:
    forget = "grad * torch.tensor([1.0, 0.0, 1.0])"
    source = FUNCTION.format(factor="3").replace("return upstream * 3 * x**2", f"grad = upstream * 3 * x**2\n        "
                                                 f"return {forget}")  # fmt: skip
    w = only(checked("loss = cube(w).sum()", source))
    assert (w.verdict, w.entry, w.autograd, w.error) == ("different", (1,), 0.0, 1.0)


@pytest.mark.parametrize("kink", ["w.abs()", "w.relu()", "torch.maximum(w, -w)"])
def test_a_kink_is_called_one(kink: str, checked: Checked) -> None:
    w = only(checked(f"loss = {kink}.sum()", w="torch.tensor([1.0, 0.0], requires_grad=True)"))
    assert (w.verdict, w.entry) == ("kink", (1,))


def test_a_minimum_is_no_kink_and_neither_is_a_kink_nearby(checked: Checked) -> None:
    assert only(checked("loss = (w**2).sum()", w="torch.zeros(2, requires_grad=True)")).verdict == "equal"
    near = "torch.tensor([1e-6], requires_grad=True)"
    assert only(checked("loss = w.abs().sum()", w=near)).verdict == "equal"


# ---- what cannot be checked


@pytest.mark.parametrize(
    ("forward", "before", "reason"),
    [
        ("loss = (w * noise()).sum()", "import os\ndef noise():\n    return os.urandom(1)[0] + os.urandom(1)[0] / 256",
         "not deterministic"),
        ("seen.append(1); loss = remember(w).sum()", "seen = []\ndef remember(w):\n    seen.append(w)\n    return w**2",
         "append"),
        ("loss = (w * next(numbers)).sum()", "numbers = iter(range(9))", "next"),
        ("loss = (w * float('inf')).abs().sum()", "", "the loss is inf"),
    ],
    ids=["not deterministic", "fills a list", "takes from an iterator", "not finite"],
)  # fmt: skip
def test_what_cannot_be_checked_says_why(forward: str, before: str, reason: str, checked: Checked) -> None:
    told = checked(forward, before)
    assert reason in told.reason
    assert told.params == ()


def test_before_any_forward_and_without_a_single_loss_there_is_a_reason(open_script: OpenScript) -> None:
    controller = open_script(one("loss = w * 2").replace("loss.backward()", "loss.backward(torch.ones(3))"))
    assert "no forward" in controller.check().reason
    assert controller.next().phase is Phase.FORWARD
    assert "several elements" in controller.check().reason


def test_a_loss_that_reaches_no_parameter_says_so(open_script: OpenScript) -> None:
    controller = open_script(one("loss = (w.detach() * 2).sum()"))
    controller.next()
    assert controller.check().reason == "the loss reaches no parameter"


def test_where_float64_cannot_be_had_it_is_float32(checked: Checked) -> None:
    told = checked("loss = (w.type('torch.FloatTensor') ** 2).sum()")
    assert (only(told).verdict, told.dtype) == ("equal", "float32")
    wrong = FUNCTION.format(factor="3.2").replace("x**3", "x.type(torch.FloatTensor) ** 3")
    told = checked("loss = cube(w).sum()", wrong)
    assert (only(told).verdict, told.dtype) == ("different", "float32")


def test_code_that_is_compiled_out_of_reach_says_so(open_script: OpenScript) -> None:
    compiled = "g = torch.jit.trace(lambda x: x**2, torch.ones(3), check_trace=False)"
    controller = open_script(one("loss = g(w).sum()", compiled))
    assert "compiled" in after_forward(controller).check().reason


def test_a_loss_that_other_statements_compute_says_so(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(1, requires_grad=True)
        for i in range(2):
            h = w * 2
            match i:
                case _:
                    loss = h.sum()
            loss.backward()
        """
    )
    assert "own statements" in after_forward(controller).check().reason


def test_several_losses_of_one_backward_are_checked_as_their_sum(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        a = torch.tensor([1.0, 2.0], requires_grad=True)
        b = torch.tensor([3.0], requires_grad=True)
        for i in range(2):
            first, second = (a**2).sum() * b, (a * b).exp().mean()
            torch.autograd.backward([first, second])
        """
    )
    told = after_forward(controller).check()
    assert [(each.name, each.verdict) for each in told.params] == [("a", "equal"), ("b", "equal")]


def test_a_forward_that_reads_a_gradient_reads_the_scripts(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor([1.0, 2.0], requires_grad=True)
        for i in range(3):
            size = 1.0 if w.grad is None else w.grad.norm()
            loss = ((w * size) ** 2).sum() + (0 if w.grad is None else (w.grad * w).sum())
            loss.backward()
        """
    )
    for _ in range(3):
        controller.next()
    told = controller.check()
    assert only(told).verdict == "equal"
    assert told.loss == pytest.approx(controller.snapshot.loss.number, rel=1e-6)  # type: ignore[union-attr]


def test_a_large_network_is_sampled(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        torch.manual_seed(0)
        model = torch.nn.Sequential(torch.nn.Linear(784, 1000), torch.nn.Tanh(), torch.nn.Linear(1000, 300))
        x, y = torch.randn(64, 784), torch.randint(0, 300, (64,))
        for i in range(2):
            loss = torch.nn.functional.cross_entropy(model(x), y)
            loss.backward()
        """
    )
    controller.next()
    told = controller.check()
    assert {each.verdict for each in told.params} == {"equal"}
    assert all(0 < each.checked <= 16 for each in told.params)


# ---- the program's own loss and gradients


def behind_backward(controller: Controller) -> GradientsChecked:
    while controller.snapshot.phase is not Phase.BACKWARD:
        controller.next()
    return controller.check()


def test_a_loss_that_is_a_number_in_float64_only_is_not_checked(checked: Checked) -> None:
    told = checked(
        "p = torch.softmax(w, 0)\nloss = (p * p.log()).sum()", w="torch.tensor([0., 0., -200.], requires_grad=True)"
    )
    assert told.reason == "the program's loss is nan; computed in float64 it would be -0.693147"


@pytest.mark.parametrize(
    ("forward", "before", "after", "factor"),
    [
        ("loss = (w ** 2).sum()", "", "", None),
        ("loss = (w ** 2).sum()", "", "w.register_hook(lambda g: 3 * g)", 3.0),
        ("loss = (w ** 2).sum()", "", "w.register_hook(lambda g: g.clamp(-1, 1))", math.nan),
        ("loss = (w ** 2).sum()", "", "w.register_hook(lambda g: g * float('nan'))", math.nan),
        (
            "loss = (w ** 2).sum()",
            "",
            "w.register_post_accumulate_grad_hook(lambda p: (p.grad.mul_(-1), None)[1])",
            -1.0,
        ),
    ],
)
def test_the_program_s_own_gradient_is_compared(
    forward: str, before: str, after: str, factor: float | None, open_script: OpenScript
) -> None:
    told = behind_backward(open_script(one(f"{after}\n{forward}", before)))
    (w,) = told.params
    if factor is None:
        assert (w.verdict, w.grad, w.factor) == ("equal", None, None)
        return
    assert w.verdict == ".grad differs"
    assert w.grad is not None
    if math.isnan(factor):
        assert w.factor is None
    else:
        assert w.factor == pytest.approx(factor)
        assert w.grad == pytest.approx(factor * w.autograd)


def test_hooks_are_named_where_no_gradient_can_be_compared(open_script: OpenScript) -> None:
    source = one("w.register_hook(lambda g: 3 * g)\nloss = (w ** 2).sum()")
    (w,) = after_forward(open_script(source)).check().params
    assert (w.verdict, w.hooked) == ("equal", True)
    assert "a hook may make .grad another: w" in check_sheet(after_forward(open_script(source)).check(), 100).plain


def test_gradients_of_several_backwards_and_of_noise_are_not_called_different(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.ones(2, requires_grad=True)
        for i in range(3):
            loss = (w ** 2).sum()
            loss.backward()
        """
    )
    for _ in range(4):
        told = controller.next() and controller.check()
    assert [each.verdict for each in told.params] == ["equal"]
    told = behind_backward(open_script(NETWORK))
    assert ".grad differs" not in {each.verdict for each in told.params}


class FakeClock:
    """A clock that only goes while a forward is run on a copy."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *seconds: float) -> None:
        """`seconds`: what each run takes; the last one all further ones."""
        self.now, waiting = 0.0, list(seconds)
        monkeypatch.setattr("bptui.engine.analysis.gradcheck.time.thread_time", lambda: self.now)
        monkeypatch.setattr("bptui.engine.analysis.gradcheck.time.perf_counter", lambda: self.now)
        run = gradcheck._Check._loss

        def slowly(check: gradcheck._Check, *args: Any) -> torch.Tensor:
            self.now += waiting.pop(0) if len(waiting) > 1 else waiting[0]
            return run(check, *args)

        monkeypatch.setattr(gradcheck._Check, "_loss", slowly)


def test_a_cold_first_run_is_not_held_against_a_forward(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeClock(monkeypatch, 100.0, 0.001)
    assert [each.verdict for each in checked("loss = (w ** 2).sum()").params] == ["equal"]


def test_a_forward_that_stays_slow_is_not_run_many_times(checked: Checked, monkeypatch: pytest.MonkeyPatch) -> None:
    FakeClock(monkeypatch, 1.0)
    assert checked("loss = (w ** 2).sum()").reason == "the forward takes too long to be run many times"


# ---- nothing is disturbed


@pytest.mark.parametrize("after", range(1, 6))
def test_checking_disturbs_nothing(after: int, open_script: OpenScript) -> None:
    def until(check: bool) -> tuple[Controller, list[str]]:
        controller = open_script(NETWORK)
        for _ in range(after):
            controller.next()
        if check:
            before = everything(controller), controller._output.mark(), torch.get_default_dtype()
            told = controller.check()
            assert bool(told.reason) == (after < 2)
            assert (everything(controller), controller._output.mark(), torch.get_default_dtype()) == before
        rest = []
        while controller.snapshot.next is not None:
            stop = controller.next()
            rest.append(f"{stop.phase} {stop.loss!r} {stop.params!r} {stop.printed!r}")
        return controller, rest

    checked, rest = until(True)
    plain, other = until(False)
    assert rest == other
    assert everything(checked) == everything(plain)


@pytest.mark.parametrize(
    "script",
    [
        "amp_cpu_scaler", "checkpointing_record_function", "gan_dcgan_errD_parts", "grad_hooks_print",
        "gradient_penalty", "meta_learning_inner_grad", "nanogpt_style", "seq2seq_teacher_forcing",
        "tee_logger_stdout", "truncated_bptt_raw", "vae_example", "weight_ema",
    ],
)  # fmt: skip
def test_checking_at_every_stop_leaves_a_script_as_it_was(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bptui.engine.analysis.gradcheck.BUDGET", 0.02)

    def stops(check: bool) -> list[str]:
        torch.manual_seed(0)
        controller = Controller(str(Path(__file__).parents[1] / "corpus" / "ok" / f"{script}.py"))
        told, verdicts = [repr(controller.start().params)], set()
        while controller.snapshot.next is not None and len(told) < 16:
            stop = controller.next()
            told.append(f"{stop.phase} {stop.loss!r} {stop.params!r} {stop.ledger!r} {stop.printed} {stop.errors}")
            verdicts |= {each.verdict for each in controller.check().params} if check else set()
        assert "different" not in verdicts
        assert ("equal" in verdicts) is check
        return told

    assert stops(True) == stops(False)


def test_a_graph_that_waits_for_its_backward_still_has_the_same_gradient(open_script: OpenScript) -> None:
    source = """
    import torch
    w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    w.register_hook(lambda g: print("hook", g.tolist()))
    for i in range(3):
        h = (w * 1.7).exp()
        loss = (h * w).sum()
        loss.backward(inputs=[w])
        w.data -= 0.001 * w.grad
        w.grad = None
    """
    told = []
    for check in (True, False):
        controller = after_forward(open_script(source))
        graph = controller._execution.machine.module["loss"].grad_fn
        if check:
            assert only(controller.check()).verdict == "equal"
        assert controller._execution.machine.module["loss"].grad_fn is graph
        told.append([f"{stop.params!r} {stop.printed}" for stop in (controller.next() for _ in range(6))])
    assert told[0] == told[1]


def test_what_was_computed_before_the_forward_is_a_constant(open_script: OpenScript) -> None:
    controller = open_script(
        """
        import torch
        w = torch.tensor([0.5], requires_grad=True)
        h = torch.ones(1)
        for i in range(4):
            h = torch.tanh(h * w + i)
            loss = (h**2).sum()
            loss.backward(retain_graph=True)
        """
    )
    for _ in range(3):
        controller.next()
    assert only(controller.check()).verdict == "equal"
    assert controller.next().failure is None


def test_it_is_refused_inside_a_phase(open_script: OpenScript) -> None:
    controller = open_script(one("loss = (w**2).sum()"))
    controller.next()
    controller._inside = type("Inside", (), {"run": controller._execution.iteration.last_forward()[0]})()  # type: ignore[index]
    assert "inside forward" in controller.check().reason


TRANSFORMER = """
import torch
from torch import nn
torch.manual_seed(0)
class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.before, self.after = nn.LayerNorm(8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
    def forward(self, x):
        h = self.before(x)
        x = x + self.attention(h, h, h, need_weights=False)[0]
        x = x + nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
        return x + self.mlp(self.after(x))
class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.positions = nn.Embedding(11, 8), nn.Embedding(6, 8)
        self.block, self.head = Block(), nn.Linear(8, 11)
    def forward(self, i):
        return self.head(self.block(self.tokens(i) + self.positions(torch.arange(i.shape[1]))))
model = GPT()
optimizer = torch.optim.AdamW(model.parameters())
for step in range(2):
    i = torch.randint(0, 11, (2, 6))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        loss = nn.functional.cross_entropy(model(i).view(-1, 11), i.view(-1))
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
"""


def test_a_transformer_under_autocast_is_equal(open_script: OpenScript) -> None:
    shown = after_forward(open_script(TRANSFORMER)).check()
    assert shown.reason == ""
    assert len(shown.params) > 12
    assert {each.verdict for each in shown.params} == {"equal"}
