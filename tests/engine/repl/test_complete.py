"""Completion offers what Python would find, and runs nobody's code to know it."""

from __future__ import annotations

import pytest

from bptui.engine.controller import Controller
from tests.engine.conftest import OpenScript
from tests.engine.repl.test_evaluate import IN_FUNCTION, LOOP, SETUP

LAZY = """
import torch
import types
ran = []
class Lazy:
    plain = "text"
    @property
    def costly(self):
        ran.append("property")
        return self
    def __getattr__(self, name):
        ran.append(name)
        raise AttributeError(name)
    def method(self):
        pass
class Module(types.ModuleType):
    def __getattr__(self, name):
        ran.append(name)
        return self
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(2, 2)
        self.rest = torch.nn.ModuleList([torch.nn.Linear(2, 1)])
        self.width = 3
    @property
    def costly(self):
        ran.append("property of a model")
        return self
    def forward(self, x):
        return self.rest[0](self.first(x))
lazy, lazy_module, net = Lazy(), Module("lazy"), Net()
groups = {"alpha": {"text": "a"}, "beta": [torch.ones(2)], 3: 4}
_hidden = 1
for step in range(2):
    loss = net(torch.ones(1, 2)).sum()
    loss.backward()
"""


@pytest.fixture
def lazy(open_script: OpenScript) -> Controller:
    return open_script(LAZY)


def completed(controller: Controller, text: str) -> list[str]:
    """What the text would become."""
    told = controller.complete(text)
    return [text[: told.start] + each for each in told.candidates]


@pytest.mark.parametrize("source", [SETUP + LOOP, IN_FUNCTION], ids=["in the module", "in a function"])
def test_names_and_attributes(source: str, open_script: OpenScript) -> None:
    controller = open_script(source)
    assert {"w.grad", "w.grad_fn"} <= set(completed(controller, "w.gra"))
    assert completed(controller, "los") == ["losses"]
    assert completed(controller, "for x in rang") == ["for x in range"]
    assert completed(controller, "print(w.data.ite")[0] == "print(w.data.item"
    assert "point.x" in completed(controller, "point.")
    assert completed(controller, "ep") == ["epoch"]
    assert completed(controller, "sam") == ["sample"], "as the screen calls it"
    assert completed(controller, "x") == ["x"], "before it is bound"
    assert completed(controller, "isins") == ["isinstance"]
    assert completed(controller, "torch.nn.functional.mse_l") == ["torch.nn.functional.mse_loss"]
    assert completed(controller, "foo.b") == []
    assert completed(controller, "1.") == []
    assert completed(controller, "f(x).b") == []
    assert completed(controller, "f(x).w.gr") == []
    controller.next()
    assert completed(controller, "los") == (["loss", "losses"])


def test_parts_of_models_as_python_and_the_screen_name_them(lazy: Controller) -> None:
    assert completed(lazy, "net.fi") == ["net.first"]
    assert completed(lazy, "net.first.wei") == ["net.first.weight"]
    assert completed(lazy, "net.rest.0.wei") == ["net.rest.0.weight"]
    assert completed(lazy, "net.rest[0].wei") == ["net.rest[0].weight"]
    assert completed(lazy, "net.first.weight.gra")[0] == "net.first.weight.grad"
    assert completed(lazy, "net.first.weight[0].requires_gra")[0] == "net.first.weight[0].requires_grad"
    assert completed(lazy, "net.wid") == ["net.width"]


def test_keys_and_entries(lazy: Controller) -> None:
    assert completed(lazy, "groups['a") == ["groups['alpha']"]
    assert completed(lazy, 'groups["') == ['groups["alpha"]', 'groups["beta"]']
    assert completed(lazy, "groups['alpha']['t") == ["groups['alpha']['text']"]
    assert completed(lazy, "groups['beta'][0].requires_gra")[0] == "groups['beta'][0].requires_grad"
    assert completed(lazy, "groups['none'].") == []
    assert completed(lazy, "groups[9].") == []


def test_no_property_and_no_getattr_of_anybody_is_run(lazy: Controller) -> None:
    assert completed(lazy, "lazy.cos") == ["lazy.costly"]
    assert completed(lazy, "lazy.plain.upp") == ["lazy.plain.upper"]
    assert completed(lazy, "lazy.method.__na") == ["lazy.method.__name__"]
    for text in ("lazy.costly.", "lazy.nothing.", "lazy_module.thing.", "net.costly.", "net.nothing."):
        assert completed(lazy, text) == []
    assert lazy._execution.machine.module["ran"] == []


def test_public_names_come_first_and_the_engine_s_own_never(lazy: Controller) -> None:
    told = lazy.complete("").candidates
    assert told[:3] == ("Lazy", "Module", "Net")
    assert "_hidden" in told
    assert told.index("_hidden") > told.index("zip")
    assert len(told) <= 200
    assert not any("bptui" in each for each in told)
    assert lazy.complete("__bp").candidates == ()
    assert len(lazy.complete("torch.").candidates) == 200


def test_names_that_only_typed_code_has(open_script: OpenScript) -> None:
    controller = open_script(IN_FUNCTION)
    controller.evaluate("remembered = 'text'")
    assert completed(controller, "remem") == ["remembered"]
    assert completed(controller, "remembered.upp") == ["remembered.upper"]
