# line 11: locals
import torch


def train(w, xs):
    for x in xs:
        loss = ((w * x - 2 * x) ** 2).sum()
        loss.backward()
        w.data -= 0.01 * w.grad
        w.grad = None
        print("{x} {loss}".format(**locals()))


train(torch.ones(1, requires_grad=True), [1.0, 2.0])
