# style: defaults, *args and **kwargs evaluated in order; a TypeError of a wrong call
import torch
w = torch.ones(1, requires_grad=True)
def f(n): print("eval", n); return n
def train(a, b=f(7), *args, c, **kw):
    for i in range(a):
        loss = (w * b * c).sum(); loss.backward(); w.data -= .01 * w.grad; w.grad = None
    print(a, b, args, c, kw)
    return loss.item()
print("r", train(f(2), f(3), *[f(4), f(5)], c=f(6), **{"z": f(8)}))
try:
    train(1)
except TypeError as e:
    print(e)
print(train.__name__, train.__defaults__, train.__kwdefaults__, train.__doc__)
