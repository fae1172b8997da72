# style: step()'s result unpacked, asserted on, appended, added up
import torch
w = torch.ones(1, requires_grad=True)
log = {}
def step(x):
    loss = (w * x).sum()
    loss.backward()
    w.data -= .1 * w.grad
    w.grad = None
    return loss.item(), {"x": x}
for i in range(3):
    log[i], *info = step(i)
    (a, b) = c = step(i)
    assert step(i)[1]["x"] == i
    if i: del log[i - 1]
    log.setdefault("s", []).append(step(i)[0])
    x = 5 + step(1)[0] * 2
    print(log, info, a, b, c, x)
