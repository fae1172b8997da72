# style: r = step(x) if … else step(x, scale=3)
import torch
w = torch.ones(1, requires_grad=True)
def inner(x, *, scale=2):
    loss = (w * x * scale).sum()
    loss.backward()
    return loss
def outer(xs):
    total = 0
    for x in xs:
        r = inner(x) if x != 2 else inner(x, scale=3)
        w.data -= .1 * w.grad
        w.grad = None
        total += r.item()
    return total
for e in range(2):
    t = outer([1, 2, 3])
    print(e, t)
