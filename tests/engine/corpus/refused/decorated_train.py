# line 16: decorator
import functools

import torch


def announce(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        print("begin", function.__name__)
        return function(*args, **kwargs)

    return wrapper


@announce
def train(w, xs):
    for x in xs:
        loss = ((w * x - 2 * x) ** 2).sum()
        loss.backward()
        w.data -= 0.01 * w.grad
        w.grad = None
        print(loss.item())


train(torch.ones(1, requires_grad=True), [1.0, 2.0])
