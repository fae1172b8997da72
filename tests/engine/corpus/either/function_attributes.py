# style: train.calls += 1 inside train(), an alias of it, functools.partial
import functools

import torch

w = torch.tensor(3.0, requires_grad=True)


def train(lr, n):
    train.calls += 1
    for _ in range(n):
        loss = (w - 1) ** 2
        loss.backward()
        w.data -= lr * w.grad
        w.grad = None
    return loss.item()


train.calls = 0
quick = functools.partial(train, 0.2)
again = train
print(quick(2), again(0.1, n=1), train.calls)
