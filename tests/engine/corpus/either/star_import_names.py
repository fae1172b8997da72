# style: from torch import *, names like `tensor` and `optim` from a star import; `sum` and `print` rebound
from torch import *

say = print


def print(*args):
    say("»", *args)


w = ones(2, requires_grad=True)
for i in (0, 1, 2):
    loss = sum((w - 2) ** 2)
    loss.backward()
    with no_grad():
        w -= 0.1 * w.grad
    w.grad = None
    print(i, loss.item())
