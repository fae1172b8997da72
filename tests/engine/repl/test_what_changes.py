"""What is typed and changes the program is a step, whatever it is; going back undoes it. What only reads is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bptui.engine.controller import Controller
from bptui.engine.interpreter.process_state import ProcessState
from bptui.protocol.phase import StopReason

HELPER = """
total = 0
class Meter:
    def __init__(self):
        self.count, self.seen = 0, []
    def more(self):
        self.count += 1
        return self.count
    @property
    def next(self):
        self.count += 1
        return self.count
def more():
    global total
    total += 1
    return total
"""

SCRIPT = """
import array, collections, ctypes, functools, io, itertools, logging, os, random, types
import numpy as np
import torch
from torch import nn
import what_changes_helper as helper

class Slots:
    __slots__ = ("n", "__secret", "later")
    def __init__(self):
        self.n, self.__secret = 0, 0
    def more(self):
        self.__secret += 1
class Counts:
    made = 0
    def more(self):
        Counts.made += 1
    @classmethod
    def same(cls):
        return cls.made
    @property
    def half(self):
        return 0.5
class Bag(list):
    pass
class Falls(dict):
    def __missing__(self, key):
        self[key] = 0
        return 0
def counter():
    n = 0
    def count():
        nonlocal n
        n += 1
        return n
    return count
def default(found=[]):
    found.append(1)
    return len(found)
def keyword(*, found={}):
    found["a"] = len(found)
def attribute():
    attribute.calls = getattr(attribute, "calls", 0) + 1
def module_variable():
    global steps
    steps += 1
def numbers():
    number = 0
    while True:
        yield 0
def pure(x):
    return [each * 2 for each in [x, x]]
steps = 0
count, slots, counts, bag, falls, meter = counter(), Slots(), Counts(), Bag([1]), Falls(), helper.Meter()
queue, numbers_array, raw, text = collections.deque([1], 3), array.array("d", [1.0]), bytearray(b"ab"), io.StringIO("a")
view, c_numbers, chain = memoryview(raw), (ctypes.c_int * 2)(1, 2), collections.ChainMap({}, {"a": 1})
numpys, objects, window = np.zeros((2, 2)), np.array([None, [1]], dtype=object), np.zeros(4)
half = window[:2]
fallback, ordered, tally = collections.defaultdict(int), collections.OrderedDict(a=1, b=2), collections.Counter("a")
space = types.SimpleNamespace(a=1)
partial = functools.partial(pure, [1])
rng, nrng, trng = random.Random(1), np.random.default_rng(1), torch.Generator()
log = logging.getLogger("what_changes")
model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.BatchNorm1d(2))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 10)
large = torch.zeros(300, 1000)
part = nn.Parameter(torch.ones(2))
frozen = torch.ones(2)
nested = {"a": {"b": [0]}}
w = torch.tensor([1.0], requires_grad=True)
for step in range(4):
    loss = ((w - 2) ** 2).sum() + (model(torch.ones(3, 2)) ** 2).sum()
    loss.backward()
    optimizer.step()
    w.data -= 0.1 * w.grad
    optimizer.zero_grad()
    w.grad.zero_()
"""

CHANGES = {
    "queue.append(2)": "list(queue)",
    "numbers_array.append(2.0)": "list(numbers_array)",
    "raw.__setitem__(0, 3)": "bytes(raw)",
    "view.__setitem__(1, 5)": "bytes(raw)",
    "c_numbers.__setitem__(0, 9)": "list(c_numbers)",
    "chain.update(b=2)": "dict(chain)",
    "numpys.fill(3)": "numpys.tolist()",
    "half.__setitem__(0, 7)": "window.tolist()",
    "objects[1].append(2)": "objects.tolist()",
    "objects.__setitem__(0, 1)": "objects.tolist()",
    "text.write('b')": "text.getvalue()",
    "count()": "count.__closure__[0].cell_contents",
    "default()": "default.__defaults__",
    "keyword()": "keyword.__kwdefaults__",
    "default.__defaults__ = (None,)": "default.__defaults__",
    "attribute()": "vars(attribute)",
    "pure.note = 1": "vars(pure)",
    "module_variable()": "steps",
    "slots.more()": "slots._Slots__secret",
    "slots.later = 1": "hasattr(slots, 'later')",
    "counts.more()": "Counts.made",
    "Counts.note = 1": "hasattr(Counts, 'note')",
    "Counts.more = None": "Counts.more is None",
    "bag.append(2)": "list(bag)",
    "bag.note = 1": "vars(bag)",
    "falls['x']": "dict(falls)",
    "fallback['x']": "dict(fallback)",
    "tally.update('b')": "dict(tally)",
    "ordered.move_to_end('a')": "list(ordered)",
    "setattr(space, 'a', 2)": "vars(space)",
    "nested['a']['b'].append(1)": "nested",
    "meter.more()": "meter.count",
    "meter.next": "meter.count",
    "helper.more()": "helper.total",
    "helper.total = 9": "helper.total",
    "partial.args[0].append(2)": "partial.args",
    "rng.random()": "rng.getstate()",
    "nrng.random()": "nrng.bit_generator.state",
    "torch.rand(1, generator=trng)": "trng.get_state().tolist()",
    "random.random()": "random.getstate()",
    "np.random.rand()": "(np.random.get_state()[1].tolist(), np.random.get_state()[2])",
    "torch.rand(1)": "torch.get_rng_state().tolist()",
    "part.register_hook(lambda gradient: gradient)": "len(part._backward_hooks or ())",
    "w.register_post_accumulate_grad_hook(print)": "len(w._post_accumulate_grad_hooks or ())",
    "model.register_forward_hook(print)": "len(model._forward_hooks)",
    "nn.modules.module.register_module_forward_hook(print)": "len(nn.modules.module._global_forward_hooks)",
    "optimizer.register_step_post_hook(print)": "len(optimizer._optimizer_step_post_hooks)",
    "part.requires_grad_(False)": "part.requires_grad",
    "frozen.requires_grad_()": "frozen.requires_grad",
    "frozen.note = 1": "vars(frozen)",
    "frozen.resize_(1)": "frozen.tolist()",
    "frozen.data = torch.zeros(3)": "frozen.tolist()",
    "frozen.data.add_(1)": "frozen.tolist()",
    "frozen.numpy().fill(5)": "frozen.tolist()",
    "large.data[299, 999] = 1": "large.sum().item()",
    "w.grad = None": "w.grad is None",
    "w.grad.data.add_(1)": "w.grad.tolist()",
    "setattr(model, 'note', 1)": "hasattr(model, 'note')",
    "delattr(model, '2')": "len(model)",
    "model.eval()": "model.training",
    "model.append(nn.ReLU())": "len(model)",
    "model[0].weight.data.zero_()": "model[0].weight.tolist()",
    "model[2].running_mean.data.add_(1)": "model[2].running_mean.tolist()",
    "model(torch.ones(3, 2))": "model[2].running_mean.tolist()",
    "optimizer.param_groups[0].update(lr=1.0)": "optimizer.param_groups[0]['lr']",
    "optimizer.add_param_group({'params': [part]})": "len(optimizer.param_groups)",
    "scheduler.step()": "scheduler.last_epoch",
    "torch.set_grad_enabled(False)": "torch.is_grad_enabled()",
    "torch.set_default_dtype(torch.float64)": "torch.get_default_dtype()",
    "os.environ.update(WHAT_CHANGES='1')": "os.environ.get('WHAT_CHANGES')",
    "os.chdir('/')": "os.getcwd()",
    "made = 1": "globals().get('made')",
    "del steps": "globals().get('steps')",
    "def pure(x): return 0": "pure(1)",
}
"""What changes the program, and an expression that shows it."""

READS = [
    "w", "w.grad", "w.data", "len(queue)", "meter.count", "slots.n", "Counts.made", "counts.half", "counts.same()",
    "nested", "nested['a']['b']", "w * 2 + loss", "-w", "loss.item()", "(w * 2).sum().item()", "w.grad.norm()",
    "model", "model[0].weight", "model[0].weight.grad", "model[0](torch.ones(1, 2))", "torch.relu(w)",
    "torch.cat([w, w])", "f'{w.item():.2f}'", "str(w)", "print(w)", "print(meter.count, model)",
    "[each for each in queue]", "sorted(queue)", "sum(queue)", "numpys.sum()", "numpys + 1", "pure(3)", "dict(tally)",
    "tally['nothing']", "optimizer.param_groups[0]['lr']", "optimizer.state_dict()", "model.state_dict()",
    "isinstance(w, torch.Tensor)", "list(zip([1], [2]))", "[p.shape for p in model.parameters()]", "helper.total",
    "large.mean()", "large[0, 0]", "w is part", "w if step else loss", "nothing", "1 / 0", "lambda: 1", "help",
    "type(w)", "vars(space)", "rng", "text.getvalue()", "max(w.item(), 2)", "torch.autograd.grad((w * 2).sum(), w)",
    "view[0]",
]  # fmt: skip

UNKNOWN = {
    "log.setLevel('INFO')": "logging",
    "np.seterr(all='warn')": "seterr",
    "torch.note_of_a_test = 1": "assigns",
    "open(os.devnull)": "open",
}
"""What may change something that cannot be seen, and what is said of it."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Controller]:
    """The script behind its backward. One for all: what a test does not undo, the next one would find."""
    folder = tmp_path_factory.mktemp("what_changes")
    (folder / "what_changes_helper.py").write_text(HELPER)
    (folder / "script.py").write_text(SCRIPT)
    process = ProcessState()
    controller = Controller(str(folder / "script.py"))
    assert controller.start().stop_reason is StopReason.ENTRY
    controller.next()
    controller.next()
    yield controller
    process.restore()


@pytest.fixture
def controller(opened: Controller) -> Controller:
    opened.goto(2, 0)
    return opened


def shown(controller: Controller, expression: str) -> str:
    return controller.evaluate(expression)[0].text


@pytest.mark.parametrize("text", CHANGES)
def test_what_changes_the_program_is_a_step_and_going_back_undoes_it(text: str, controller: Controller) -> None:
    expression = CHANGES[text]
    before = shown(controller, expression)
    evaluation, snapshot = controller.evaluate(text)
    assert not evaluation.failed, evaluation.text
    assert snapshot is not None
    assert (snapshot.index, snapshot.edit, snapshot.explain) == (3, text, text)
    after = shown(controller, expression)
    assert after != before
    branch = snapshot.branch
    assert controller.back().index == 2
    assert shown(controller, expression) == before
    assert controller.goto(3, branch).edit == text
    assert shown(controller, expression) == after


def test_what_only_reads_is_no_step(controller: Controller) -> None:
    steps = [text for text in READS if controller.evaluate(text)[1] is not None]
    assert steps == []


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_may_have_changed_something_is_a_step_and_says_so(text: str, controller: Controller) -> None:
    evaluation, snapshot = controller.evaluate(text)
    assert snapshot is not None
    assert UNKNOWN[text] in evaluation.unsure
    assert snapshot.explain == f"{text} (it may have changed something: {evaluation.unsure})"


@pytest.mark.parametrize(
    "iterator", ["numbers()", "zip([1, 2], [3, 4])", "iter([1, 2, 3])", "iter(torch.utils.data.DataLoader([1, 2]))"]
)
def test_taking_from_an_iterator_is_a_step_and_looking_beside_it_is_none(iterator: str, controller: Controller) -> None:
    controller.evaluate(f"iterator = {iterator}")
    assert controller.evaluate("pure(3)")[1] is None
    _, snapshot = controller.evaluate("next(iterator)")
    assert snapshot is not None
    assert snapshot.explain == "next(iterator)"


def test_an_iterator_that_cannot_be_looked_into_makes_calls_steps(controller: Controller) -> None:
    controller.evaluate("cycle = itertools.cycle([1, 2])")
    _, snapshot = controller.evaluate("pure(3)")
    assert snapshot is not None
    assert "cycle" in snapshot.explain
    assert controller.evaluate("w.grad * 2")[1] is None
